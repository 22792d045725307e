import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import { useFormat } from "../../i18n";
import { Answered } from "../../parts/Answered";
import { DataTable } from "../../parts/DataTable";

/** What happened, the newest first. Whatever an event carries is shown as text. */
export function Timeline({ userId }: { userId: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const events = useInfiniteQuery({
    queryKey: ["user events", userId],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam }) =>
      unwrap(
        api.GET("/users/{user_id}/events", {
          params: { path: { user_id: userId }, query: { limit: 30, ...(pageParam ? { cursor: pageParam } : {}) } },
        }),
      ),
    getNextPageParam: (page) => page.next_cursor,
  });
  return (
    <Answered query={events} isEmpty={(data) => data.pages[0]?.events.length === 0}>
      {(data) => (
        <>
          <Box sx={{ maxHeight: 420, overflow: "auto" }}>
            <DataTable
              label={t("user.timeline")}
              rows={data.pages.flatMap((page) => page.events)}
              rowKey={(event) => event.event_id}
              columns={[
                { title: t("user.when"), cell: (event) => format.moment(event.occurred_at) },
                { title: t("user.event"), cell: (event) => event.event_type },
                { title: t("user.item"), cell: (event) => event.item_id ?? "" },
                {
                  title: t("user.amount"),
                  isNumber: true,
                  cell: (event) =>
                    event.amount === null ? "" : `${format.number(event.amount, 2)} ${event.currency ?? ""}`,
                },
                { title: t("user.source"), cell: (event) => event.source },
              ]}
            />
          </Box>
          {events.hasNextPage && (
            <Button size="small" disabled={events.isFetchingNextPage} onClick={() => void events.fetchNextPage()}>
              {t("state.more")}
            </Button>
          )}
        </>
      )}
    </Answered>
  );
}
