/** The list of users: the server filters, sorts and pages; the browser draws the rows that are in sight. */
import Button from "@mui/material/Button";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useDeferredValue } from "react";
import { useTranslation } from "react-i18next";
import { Link as RouterLink, useSearchParams } from "react-router";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import { useFormat } from "../../i18n";
import { Empty, Failure } from "../../parts/Answered";
import { Page } from "../../parts/Page";
import { Section } from "../../parts/Section";
import { useSession } from "../../session/Session";
import { Filters } from "./Filters";
import { changed, queryFrom } from "./query";
import { UserTable } from "./UserTable";

const PAGE = 100;

export function UsersPage() {
  const { t } = useTranslation();
  const format = useFormat();
  const { may } = useSession();
  const [search, setSearch] = useSearchParams();
  const query = useDeferredValue(queryFrom(search));
  const users = useInfiniteQuery({
    queryKey: ["users", query],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam }) =>
      unwrap(
        api.GET("/users", {
          params: { query: { ...query, limit: PAGE, ...(pageParam ? { cursor: pageParam } : {}) } },
        }),
      ),
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: (before) => before,
  });
  const change = (what: Record<string, string>) => setSearch(changed(search, what), { replace: true });
  const rows = users.data?.pages.flatMap((page) => page.users) ?? [];
  const asOf = users.data?.pages[0]?.as_of;
  return (
    <Page title={t("pages.users")} note={asOf ? t("users.asOf", { day: format.day(asOf) }) : ""}>
      <Filters search={search} change={change} />
      <Section
        actions={
          may("campaigns:manage") && (
            <Button component={RouterLink} to={`/campaigns/new?${search}`} size="small">
              {t("campaigns.writeToThem")}
            </Button>
          )
        }
        title={t("users.found", { count: rows.length, more: users.hasNextPage ? "+" : "" })}
      >
        {users.isError && <Failure error={users.error} retry={() => void users.refetch()} />}
        {users.data && rows.length === 0 ? (
          <Empty>{t("users.nobody")}</Empty>
        ) : (
          <UserTable
            rows={rows}
            isLoading={users.isPending}
            sort={query.sort ?? "user_id"}
            order={query.order ?? "asc"}
            onSort={(sort, order) => change({ sort, order })}
            onEnd={() => {
              if (users.hasNextPage && !users.isFetchingNextPage) void users.fetchNextPage();
            }}
          />
        )}
      </Section>
    </Page>
  );
}
