/** The list of users: the server filters, sorts and pages; the browser draws the rows that are in sight. */
import Button from "@mui/material/Button";
import Collapse from "@mui/material/Collapse";
import Stack from "@mui/material/Stack";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link as RouterLink, useSearchParams } from "react-router";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import { AudienceChips } from "../../audience/AudienceChips";
import { useAudienceCount } from "../../audience/count";
import { audienceFrom, changed, queryFrom, rulesFrom } from "../../audience/query";
import { RulesEditor } from "../../audience/RulesEditor";
import { useFormat } from "../../i18n";
import { AddToList } from "../../lists/AddToList";
import { Empty, Failure } from "../../parts/Answered";
import { Page } from "../../parts/Page";
import { Section } from "../../parts/Section";
import { useSession } from "../../session/Session";
import { FIELDS, Filters } from "./Filters";
import { UserTable } from "./UserTable";
import { Views } from "./Views";

const PAGE = 100;

export function UsersPage() {
  const { t } = useTranslation();
  const format = useFormat();
  const { may } = useSession();
  const [search, setSearch] = useSearchParams();
  const [isBuilding, setIsBuilding] = useState(search.has("build"));
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const query = useDeferredValue(queryFrom(search));
  const audience = audienceFrom(search);
  const count = useAudienceCount(audience);
  const users = useInfiniteQuery({
    queryKey: ["users", query],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam }) =>
      unwrap(
        api.GET("/users", {
          params: { query: { ...query, limit: PAGE, ...(pageParam ? { cursor: pageParam } : { facets: true }) } },
        }),
      ),
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: (before) => before,
  });
  const change = (what: Record<string, string>) => {
    setSearch((now) => changed(now, what), { replace: true });
    setChosen(new Set());
  };
  const rows = users.data?.pages.flatMap((page) => page.users) ?? [];
  const asOf = users.data?.pages[0]?.as_of;
  const segments = users.data?.pages[0]?.facets?.segments ?? [];
  const found = count.data?.users ?? rows.length;
  const more = count.data === undefined && users.hasNextPage ? "+" : "";
  return (
    <Page title={t("pages.users")} note={asOf ? t("users.asOf", { day: format.day(asOf) }) : ""}>
      <Views views={users.data?.pages[0]?.facets?.views ?? []} />
      <Stack spacing={1.5}>
        <Filters search={search} change={change} segments={segments} />
        <AudienceChips search={search} without={FIELDS} change={change} />
        {may("campaigns:read") && (
          <>
            <Button
              size="small"
              sx={{ alignSelf: "flex-start" }}
              aria-expanded={isBuilding}
              onClick={() => setIsBuilding(!isBuilding)}
            >
              {t(isBuilding ? "audience.hide" : "audience.build")}
            </Button>
            <Collapse in={isBuilding} unmountOnExit>
              <Section title={t("audience.title")} note={t("audience.note")}>
                <RulesEditor
                  key={search.has("rules") ? "given" : "none"}
                  rules={rulesFrom(search)}
                  segments={segments}
                  onChange={(rules) => change({ rules: rules === null ? "" : JSON.stringify(rules) })}
                />
              </Section>
            </Collapse>
          </>
        )}
      </Stack>
      <Section
        title={
          users.isPending ? t("pages.users") : t("users.found", { count: found, shown: format.number(found), more })
        }
        actions={
          may("campaigns:manage") && (
            <Stack direction="row" useFlexGap sx={{ flexWrap: "wrap", justifyContent: "flex-end" }}>
              <AddToList
                label={chosen.size > 0 ? t("lists.addChosen", { count: chosen.size }) : t("lists.addAll")}
                members={chosen.size > 0 ? { user_ids: [...chosen] } : { audience }}
              />
              <Button component={RouterLink} to={`/campaigns/new?${changed(search, { control: "10" })}`} size="small">
                {t("campaigns.writeToThem")}
              </Button>
              <Button
                component={RouterLink}
                to={`/campaigns/new?${changed(search, { control: "50" })}`}
                size="small"
                variant="contained"
              >
                {t("campaigns.contactHalf")}
              </Button>
            </Stack>
          )
        }
      >
        {users.isError && <Failure error={users.error} retry={() => void users.refetch()} />}
        {users.isPending && users.fetchStatus === "paused" && <Empty>{t("offline.notKept")}</Empty>}
        {users.data && rows.length === 0 ? (
          <Empty>{t("users.nobody")}</Empty>
        ) : (
          <UserTable
            rows={rows}
            isLoading={users.isLoading}
            sort={query.sort ?? "user_id"}
            order={query.order ?? "asc"}
            onSort={(sort, order) => change({ sort, order })}
            chosen={chosen}
            choose={may("campaigns:manage") ? setChosen : null}
            onEnd={() => {
              if (users.hasNextPage && !users.isFetchingNextPage) void users.fetchNextPage();
            }}
          />
        )}
      </Section>
    </Page>
  );
}
