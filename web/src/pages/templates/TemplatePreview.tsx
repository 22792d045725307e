import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import MenuItem from "@mui/material/MenuItem";
import TextField from "@mui/material/TextField";
import { useMutation } from "@tanstack/react-query";
import { type SubmitEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import type { TemplateContent } from "../../api/names";
import { unwrap } from "../../api/problem";
import { Empty, Failure } from "../../parts/Answered";
import { DataTable } from "../../parts/DataTable";
import { Section } from "../../parts/Section";

/** What users would be told by a template as it stands in the form, stored or not. */
export function TemplatePreview({ content }: { content: TemplateContent }) {
  const { t } = useTranslation();
  const [language, setLanguage] = useState<"en" | "ru">("en");
  const [userId, setUserId] = useState("");
  const preview = useMutation({
    mutationFn: () =>
      unwrap(api.POST("/templates/preview", { body: { content, language, user_ids: userId ? [userId] : [] } })),
  });

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    preview.mutate();
  }

  return (
    <Section title={t("templates.preview")} note={t("templates.previewNote")}>
      <Box component="form" onSubmit={submit} sx={{ display: "flex", flexWrap: "wrap", gap: 1.5, mb: 1 }}>
        <TextField
          size="small"
          label={t("user.id")}
          helperText={t("templates.anyUser")}
          value={userId}
          onChange={({ target }) => setUserId(target.value)}
        />
        <TextField
          select
          size="small"
          sx={{ minWidth: 130 }}
          label={t("settings.language")}
          value={language}
          onChange={({ target }) => setLanguage(target.value === "ru" ? "ru" : "en")}
        >
          <MenuItem value="en">English</MenuItem>
          <MenuItem value="ru">Русский</MenuItem>
        </TextField>
        <Button type="submit" variant="outlined" disabled={preview.isPending} sx={{ alignSelf: "flex-start" }}>
          {t("templates.tryIt")}
        </Button>
      </Box>
      {preview.isError && <Failure error={preview.error} />}
      {preview.data?.previews.length === 0 && <Empty>{t("templates.nobody")}</Empty>}
      {preview.data && preview.data.previews.length > 0 && (
        <DataTable
          label={t("templates.preview")}
          rows={preview.data.previews}
          rowKey={({ user_id }) => user_id}
          columns={[
            { title: t("user.id"), cell: ({ user_id }) => user_id },
            { title: t("templates.situation"), cell: ({ situation }) => t(`situation.${situation}`) },
            {
              title: t("templates.chosen"),
              cell: ({ is_chosen }) => (is_chosen ? t("state.yes") : t("state.no")),
            },
            { title: t("templates.text"), cell: ({ text }) => text },
            { title: t("templates.reason"), cell: ({ reason }) => reason },
          ]}
        />
      )}
    </Section>
  );
}
