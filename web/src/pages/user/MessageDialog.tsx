/** One message to one user: a campaign of one, which is judged by consent, caps and quiet hours as any other. */
import Alert from "@mui/material/Alert";
import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import MenuItem from "@mui/material/MenuItem";
import Stack from "@mui/material/Stack";
import TextField from "@mui/material/TextField";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SubmitEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import { Failure } from "../../parts/Answered";
import { useSession } from "../../session/Session";
import { type Draft, emptyDraft, toCampaign } from "../campaigns/draft";
import { MessageFields } from "../campaigns/MessageFields";

const TOPICS = ["offers", "recommendations", "reminders", "news"];

export function MessageDialog({ userId, close }: { userId: string; close: () => void }) {
  const { t } = useTranslation();
  const { may } = useSession();
  const go = useNavigate();
  const queries = useQueryClient();
  const [draft, setDraft] = useState<Draft>({ ...emptyDraft(), controlPercent: 0 });
  const isSending = may("campaigns:approve") && may("campaigns:send");
  const write = useMutation({
    mutationFn: async () => {
      // No name of the user: lists and campaigns outlive an erasure.
      const list = await unwrap(api.POST("/user-lists", { body: { name: draft.name, user_ids: [userId] } }));
      const campaign = toCampaign(draft, { filter: null, rules: null, list_id: list.list_id, targets: null });
      const { campaign_id } = await unwrap(api.POST("/campaigns", { body: campaign }));
      if (isSending) {
        const step = { params: { path: { campaign_id } } };
        await unwrap(api.POST("/campaigns/{campaign_id}/approve", step));
        await unwrap(api.POST("/campaigns/{campaign_id}/start", step));
      }
      return campaign_id;
    },
    onSuccess: async (campaignId) => {
      await queries.invalidateQueries({ queryKey: ["contacts", userId] });
      await go(`/campaigns/${campaignId}`);
    },
  });

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    write.mutate();
  }

  return (
    <Dialog open onClose={close} fullWidth maxWidth="sm" aria-labelledby="message-title">
      <form onSubmit={submit}>
        <DialogTitle id="message-title">{t("message.title", { user: userId })}</DialogTitle>
        <DialogContent>
          <Stack spacing={2} sx={{ pt: 1 }}>
            <TextField
              required
              autoFocus
              label={t("message.about")}
              helperText={t("message.aboutNote")}
              value={draft.name}
              onChange={(event) => setDraft({ ...draft, name: event.target.value })}
            />
            <TextField
              select
              label={t("campaigns.topic")}
              value={draft.topic}
              onChange={(event) => setDraft({ ...draft, topic: event.target.value as Draft["topic"] })}
            >
              {TOPICS.map((topic) => (
                <MenuItem key={topic} value={topic}>
                  {t(`topic.${topic}`)}
                </MenuItem>
              ))}
            </TextField>
            <MessageFields draft={draft} change={(change) => setDraft({ ...draft, ...change })} />
            <Alert severity="info">{t(isSending ? "message.sendNote" : "message.draftNote")}</Alert>
            {write.isError && <Failure error={write.error} />}
          </Stack>
        </DialogContent>
        <DialogActions>
          <Button onClick={close}>{t("state.cancel")}</Button>
          <Button type="submit" variant="contained" disabled={write.isPending}>
            {t(isSending ? "message.send" : "campaigns.save")}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
