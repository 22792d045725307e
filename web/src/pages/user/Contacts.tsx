/** What the shop and the user have said to each other: messages, experiments, feedback; and lists. */
import Chip from "@mui/material/Chip";
import Link from "@mui/material/Link";
import Stack from "@mui/material/Stack";
import Typography from "@mui/material/Typography";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link as RouterLink } from "react-router";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import { useFormat } from "../../i18n";
import { AddToList } from "../../lists/AddToList";
import { Answered, Empty } from "../../parts/Answered";
import { DataTable } from "../../parts/DataTable";
import { type Done, Undo } from "../../parts/Undo";
import { useSession } from "../../session/Session";

export function Contacts({ userId }: { userId: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const contacts = useQuery({
    queryKey: ["contacts", userId],
    queryFn: () => unwrap(api.GET("/users/{user_id}/contacts", { params: { path: { user_id: userId } } })),
  });
  return (
    <Answered query={contacts}>
      {(data) => (
        <Stack spacing={3}>
          <Typography variant="body2">
            {data.topics === null
              ? t("contacts.noChat")
              : t("contacts.topics", { topics: data.topics.map((topic) => t(`topic.${topic}`)).join(", ") || "–" })}
            {data.is_in_global_control && ` ${t("contacts.heldOut")}`}
          </Typography>
          <UserLists userId={userId} lists={data.lists} />
          <div>
            <Typography variant="h2">{t("contacts.messages")}</Typography>
            {data.contacts.length === 0 ? (
              <Empty>{t("contacts.none")}</Empty>
            ) : (
              <DataTable
                label={t("contacts.messages")}
                rows={data.contacts.map((contact, place) => ({ ...contact, place }))}
                rowKey={(contact) => contact.place}
                columns={[
                  { title: t("user.when"), cell: (contact) => format.moment(contact.sent_at ?? contact.selected_at) },
                  {
                    title: t("contacts.campaign"),
                    cell: (contact) =>
                      contact.kind === "campaign" ? (
                        <Link component={RouterLink} to={`/campaigns/${contact.campaign_id}`}>
                          {contact.name}
                        </Link>
                      ) : (
                        contact.name
                      ),
                  },
                  { title: t("data.state"), cell: (contact) => t(`recipientState.${contact.state}`) },
                  {
                    title: t("models.reason"),
                    cell: (contact) => (contact.reason === null ? "" : t(`refusal.${contact.reason}`, contact.reason)),
                  },
                  {
                    title: t("contacts.experiment"),
                    cell: (contact) =>
                      contact.is_experiment && contact.arm !== null ? t(`arm.${contact.arm}`, contact.arm) : "",
                  },
                  { title: t("campaigns.message"), cell: (contact) => contact.text ?? "" },
                ]}
              />
            )}
          </div>
          {data.feedback !== null && data.feedback.length > 0 && (
            <div>
              <Typography variant="h2">{t("pages.feedback")}</Typography>
              <DataTable
                label={t("pages.feedback")}
                rows={data.feedback}
                rowKey={(said) => said.feedback_id}
                columns={[
                  { title: t("user.when"), cell: (said) => format.moment(said.given_at) },
                  {
                    title: t("feedback.words"),
                    cell: (said) =>
                      [said.stars && t("feedback.stars", { count: said.stars }), said.words].filter(Boolean).join(": "),
                  },
                  { title: t("feedback.answer"), cell: (said) => said.answer ?? "" },
                ]}
              />
            </div>
          )}
        </Stack>
      )}
    </Answered>
  );
}

function UserLists({ userId, lists }: { userId: string; lists: readonly { list_id: string; name: string }[] }) {
  const { t } = useTranslation();
  const { may } = useSession();
  const queries = useQueryClient();
  const [done, setDone] = useState<Done | null>(null);
  const changed = () => queries.invalidateQueries({ queryKey: ["contacts", userId] });
  const add = useMutation({
    mutationFn: (list: string) =>
      unwrap(
        api.POST("/user-lists/{list_id}/members", {
          params: { path: { list_id: list } },
          body: { user_ids: [userId] },
        }),
      ),
    onSuccess: changed,
  });
  const drop = useMutation({
    mutationFn: ({ list_id }: { list_id: string; name: string }) =>
      unwrap(api.DELETE("/user-lists/{list_id}/members/{user_id}", { params: { path: { list_id, user_id: userId } } })),
    onSuccess: async (_, { list_id, name }) => {
      setDone({ message: t("lists.dropped", { name }), undo: () => add.mutate(list_id) });
      await changed();
    },
  });
  return (
    <Stack direction="row" useFlexGap spacing={1} sx={{ flexWrap: "wrap", alignItems: "center" }}>
      <Typography variant="body2">{t("lists.title")}:</Typography>
      {lists.map((list) => (
        <Chip
          key={list.list_id}
          size="small"
          label={list.name}
          component={RouterLink}
          to={`/users?list_id=${list.list_id}`}
          clickable
          {...(may("campaigns:manage")
            ? {
                onDelete: (event: { preventDefault: () => void }) => {
                  event.preventDefault();
                  drop.mutate(list);
                },
              }
            : {})}
        />
      ))}
      {lists.length === 0 && "–"}
      {may("campaigns:manage") && <AddToList label={t("lists.add")} members={{ user_ids: [userId] }} />}
      <Undo done={done} close={() => setDone(null)} />
    </Stack>
  );
}
