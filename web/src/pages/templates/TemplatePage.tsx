/** One template: its words in each language, for whom it is, what real users would be told, and earlier versions. */
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import FormControlLabel from "@mui/material/FormControlLabel";
import Link from "@mui/material/Link";
import MenuItem from "@mui/material/MenuItem";
import Stack from "@mui/material/Stack";
import Switch from "@mui/material/Switch";
import TextField from "@mui/material/TextField";
import Typography from "@mui/material/Typography";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type SubmitEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link as RouterLink, useNavigate, useParams } from "react-router";
import { api } from "../../api/client";
import type { Template, TemplateContent } from "../../api/names";
import { unwrap } from "../../api/problem";
import { useFormat } from "../../i18n";
import { Answered, Failure } from "../../parts/Answered";
import { DataTable } from "../../parts/DataTable";
import { Page } from "../../parts/Page";
import { Section } from "../../parts/Section";
import { useSession } from "../../session/Session";
import { TemplatePreview } from "./TemplatePreview";
import { useTemplates } from "./TemplatesPage";

const SITUATIONS = ["first_visit", "newcomer", "slipping", "interested", "regular", "customer"] as const;
const EMPTY: TemplateContent = {
  situation: "regular",
  segments: [],
  reason_features: [],
  min_purchase_probability: 0,
  max_purchase_probability: 1,
  priority: 0,
  is_active: true,
  words: { en: { text: "", reason: "" }, ru: { text: "", reason: "" } },
};

export function TemplatePage() {
  const { t } = useTranslation();
  const { name } = useParams();
  const templates = useTemplates();
  const found = templates.data?.templates.find((each) => each.name === name);
  return (
    <Page
      title={name ?? t("templates.make")}
      note={
        <Link component={RouterLink} to="/campaigns/templates">
          {t("templates.title")}
        </Link>
      }
    >
      <Answered query={templates} height={500}>
        {({ variables }) => (
          <>
            <Editor
              key={`${name} ${found?.version}`}
              name={name}
              content={found?.content ?? EMPTY}
              variables={variables}
            />
            {name !== undefined && <Versions name={name} />}
          </>
        )}
      </Answered>
    </Page>
  );
}

interface EditorProps {
  name: string | undefined;
  content: TemplateContent;
  variables: Record<string, string>;
}

function Editor({ name, content, variables }: EditorProps) {
  const { t } = useTranslation();
  const { may } = useSession();
  const go = useNavigate();
  const queries = useQueryClient();
  const [draft, setDraft] = useState(content);
  const [newName, setNewName] = useState("");
  const store = useMutation({
    mutationFn: () =>
      unwrap(api.PUT("/templates/{name}", { params: { path: { name: name ?? newName } }, body: draft })),
    onSuccess: async (stored) => {
      await queries.invalidateQueries({ queryKey: ["templates"] });
      void go(`/campaigns/templates/${stored.name}`);
    },
  });
  const word = (language: "en" | "ru", part: "text" | "reason", isLong: boolean) => (
    <TextField
      required
      multiline
      minRows={isLong ? 4 : 2}
      label={`${t(`templates.${part}`)} (${language})`}
      value={draft.words[language]?.[part] ?? ""}
      onChange={({ target }) =>
        setDraft({
          ...draft,
          words: {
            ...draft.words,
            [language]: { text: "", reason: "", ...draft.words[language], [part]: target.value },
          },
        })
      }
    />
  );

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    store.mutate();
  }

  return (
    <>
      <Section title={t("templates.words")} note={t("templates.wordsNote")}>
        <Stack component="form" spacing={2} onSubmit={submit}>
          <Box sx={GRID}>
            {name === undefined && (
              <TextField
                required
                size="small"
                label={t("settings.name")}
                value={newName}
                slotProps={{ htmlInput: { pattern: "[a-z][a-z0-9_]{0,63}" } }}
                helperText={t("templates.nameNote")}
                onChange={({ target }) => setNewName(target.value)}
              />
            )}
            <TextField
              select
              size="small"
              label={t("templates.situation")}
              value={draft.situation}
              onChange={({ target }) =>
                setDraft({ ...draft, situation: SITUATIONS.find((each) => each === target.value) ?? "regular" })
              }
            >
              {SITUATIONS.map((each) => (
                <MenuItem key={each} value={each}>
                  {t(`situation.${each}`)}
                </MenuItem>
              ))}
            </TextField>
            <TextField
              size="small"
              label={t("templates.segments")}
              helperText={t("templates.segmentsNote")}
              value={draft.segments?.join(", ") ?? ""}
              onChange={({ target }) =>
                setDraft({ ...draft, segments: target.value === "" ? [] : target.value.split(/,\s*/) })
              }
            />
            <TextField
              size="small"
              type="number"
              label={t("templates.priority")}
              value={draft.priority}
              onChange={({ target }) => setDraft({ ...draft, priority: Number(target.value) })}
            />
            <FormControlLabel
              label={t("templates.active")}
              control={
                <Switch
                  checked={draft.is_active ?? true}
                  onChange={({ target }) => setDraft({ ...draft, is_active: target.checked })}
                />
              }
            />
          </Box>
          <Box sx={GRID}>
            {word("en", "text", true)}
            {word("ru", "text", true)}
            {word("en", "reason", false)}
            {word("ru", "reason", false)}
          </Box>
          <Typography variant="body2" color="text.secondary">
            {t("templates.variables")}:{" "}
            {Object.keys(variables)
              .map((each) => `{{ ${each} }}`)
              .join(", ")}
          </Typography>
          {store.isError && <Failure error={store.error} />}
          {may("templates:write") && (
            <Button type="submit" variant="contained" disabled={store.isPending} sx={{ alignSelf: "flex-start" }}>
              {t("templates.store")}
            </Button>
          )}
        </Stack>
      </Section>
      {may("templates:write") && <TemplatePreview content={draft} />}
    </>
  );
}

function Versions({ name }: { name: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const versions = useQuery({
    queryKey: ["templates", "versions", name],
    queryFn: () => unwrap(api.GET("/templates/{name}/versions", { params: { path: { name } } })),
  });
  return (
    <Section title={t("templates.versions")}>
      <Answered query={versions}>
        {(data) => (
          <DataTable<Template>
            label={t("templates.versions")}
            rows={data.versions}
            rowKey={({ version }) => version}
            columns={[
              { title: t("models.version"), isNumber: true, cell: ({ version }) => version },
              { title: t("templates.changed"), cell: (each) => format.moment(each.changed_at) },
              { title: t("models.who"), cell: (each) => each.changed_by ?? t("templates.builtIn") },
              { title: t("templates.text"), cell: ({ content }) => content.words.en?.text },
            ]}
          />
        )}
      </Answered>
    </Section>
  );
}

const GRID = { display: "grid", gap: 2, gridTemplateColumns: "repeat(auto-fit, minmax(min(100%, 240px), 1fr))" };
