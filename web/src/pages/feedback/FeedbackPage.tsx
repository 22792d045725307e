/** What users said, and answers that the bot brings to them. */
import Button from "@mui/material/Button";
import Link from "@mui/material/Link";
import Stack from "@mui/material/Stack";
import TextField from "@mui/material/TextField";
import ToggleButton from "@mui/material/ToggleButton";
import ToggleButtonGroup from "@mui/material/ToggleButtonGroup";
import Typography from "@mui/material/Typography";
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { type SubmitEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link as RouterLink, useSearchParams } from "react-router";
import { api } from "../../api/client";
import type { Feedback } from "../../api/names";
import { unwrap } from "../../api/problem";
import { useFormat } from "../../i18n";
import { Answered, Failure } from "../../parts/Answered";
import { Page } from "../../parts/Page";
import { Section } from "../../parts/Section";
import { useSession } from "../../session/Session";

export function FeedbackPage() {
  const { t } = useTranslation();
  const [search, setSearch] = useSearchParams();
  const isAnswered = search.get("answered") === "yes";
  const feedback = useInfiniteQuery({
    queryKey: ["feedback", isAnswered],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam }) =>
      unwrap(
        api.GET("/feedback", {
          params: { query: { is_answered: isAnswered, limit: 50, ...(pageParam ? { cursor: pageParam } : {}) } },
        }),
      ),
    getNextPageParam: (page) => page.next_cursor,
  });
  return (
    <Page
      title={t("pages.feedback")}
      actions={
        <ToggleButtonGroup
          exclusive
          size="small"
          value={isAnswered ? "yes" : "no"}
          aria-label={t("feedback.which")}
          onChange={(_, value: string | null) => value && setSearch(value === "yes" ? { answered: "yes" } : {})}
        >
          <ToggleButton value="no">{t("feedback.open")}</ToggleButton>
          <ToggleButton value="yes">{t("feedback.answered")}</ToggleButton>
        </ToggleButtonGroup>
      }
    >
      <Answered query={feedback} isEmpty={(data) => data.pages[0]?.feedback.length === 0} empty={t("feedback.none")}>
        {(data) =>
          data.pages.flatMap((page) => page.feedback).map((entry) => <Entry key={entry.feedback_id} entry={entry} />)
        }
      </Answered>
      {feedback.hasNextPage && (
        <Button size="small" onClick={() => void feedback.fetchNextPage()}>
          {t("state.more")}
        </Button>
      )}
    </Page>
  );
}

function Entry({ entry }: { entry: Feedback }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { may } = useSession();
  const stars = entry.stars === null ? "" : t("feedback.stars", { count: entry.stars });
  return (
    <Section
      title={stars || t("feedback.words")}
      note={
        <>
          <Link component={RouterLink} to={`/users/${encodeURIComponent(entry.user_id)}`}>
            {entry.user_id}
          </Link>{" "}
          · {format.moment(entry.given_at)}
        </>
      }
    >
      {entry.words && <Typography sx={{ whiteSpace: "pre-wrap" }}>{entry.words}</Typography>}
      {entry.answer !== null ? (
        <Typography color="textSecondary" sx={{ mt: 1, whiteSpace: "pre-wrap" }}>
          {entry.answered_by}: {entry.answer} {entry.answer_state && `(${t(`feedback.${entry.answer_state}`)})`}{" "}
          {entry.answer_error}
        </Typography>
      ) : (
        may("feedback:answer") && <Answer feedbackId={entry.feedback_id} />
      )}
    </Section>
  );
}

function Answer({ feedbackId }: { feedbackId: string }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [text, setText] = useState("");
  const answer = useMutation({
    mutationFn: () =>
      unwrap(
        api.POST("/feedback/{feedback_id}/answer", { params: { path: { feedback_id: feedbackId } }, body: { text } }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["feedback"] }),
  });

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    answer.mutate();
  }

  return (
    <Stack component="form" direction="row" spacing={1} onSubmit={submit} sx={{ mt: 1, alignItems: "flex-start" }}>
      <TextField
        size="small"
        fullWidth
        multiline
        required
        label={t("feedback.answer")}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <Button type="submit" variant="contained" disabled={answer.isPending || text.trim() === ""}>
        {t("feedback.send")}
      </Button>
      {answer.isError && <Failure error={answer.error} />}
    </Stack>
  );
}
