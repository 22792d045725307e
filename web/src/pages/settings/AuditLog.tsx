import Button from "@mui/material/Button";
import TextField from "@mui/material/TextField";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import { useFormat } from "../../i18n";
import { Answered } from "../../parts/Answered";
import { DataTable } from "../../parts/DataTable";
import { Section } from "../../parts/Section";

const MOST_SHOWN = 24;
const PAGE = 50;

/** Who did what, and who looked at whose data. */
export function AuditLog() {
  const { t } = useTranslation();
  const format = useFormat();
  const [typed, setTyped] = useState("");
  const user = useDeferredValue(typed);
  const log = useInfiniteQuery({
    queryKey: ["audit", user],
    initialPageParam: null as number | null,
    queryFn: ({ pageParam }) =>
      unwrap(
        api.GET("/audit", {
          params: {
            query: { limit: PAGE, ...(pageParam ? { before: pageParam } : {}), ...(user ? { user_id: user } : {}) },
          },
        }),
      ),
    getNextPageParam: (page) => (page.entries.length < PAGE ? null : (page.entries.at(-1)?.sequence ?? null)),
  });
  return (
    <Section
      title={t("settings.audit")}
      actions={
        <TextField
          size="small"
          type="search"
          label={t("settings.auditUser")}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
      }
    >
      <Answered query={log} isEmpty={(data) => data.pages[0]?.entries.length === 0}>
        {(data) => (
          <DataTable
            label={t("settings.audit")}
            rows={data.pages.flatMap((page) => page.entries)}
            rowKey={(entry) => entry.sequence}
            columns={[
              { title: t("user.when"), cell: (entry) => format.moment(entry.at) },
              { title: t("models.who"), cell: (entry) => entry.actor_name },
              { title: t("settings.action"), cell: (entry) => entry.action },
              { title: t("settings.subject"), cell: ({ subject }) => <span title={subject}>{short(subject)}</span> },
              { title: t("settings.result"), cell: (entry) => t(`settings.${entry.result}`) },
              { title: t("settings.address"), cell: (entry) => entry.address },
            ]}
          />
        )}
      </Answered>
      {log.hasNextPage && (
        <Button size="small" disabled={log.isFetchingNextPage} onClick={() => void log.fetchNextPage()}>
          {t("state.more")}
        </Button>
      )}
    </Section>
  );
}

/** Long ids stand under the pointer, whole; the table has no place for them. */
function short(subject: string): string {
  return subject.length > MOST_SHOWN ? `${subject.slice(0, MOST_SHOWN)}…` : subject;
}
