/** The words of personal answers, each template with the situation it is for. */
import Button from "@mui/material/Button";
import Link from "@mui/material/Link";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link as RouterLink } from "react-router";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import { useFormat } from "../../i18n";
import { Answered } from "../../parts/Answered";
import { DataTable } from "../../parts/DataTable";
import { Page } from "../../parts/Page";
import { Section } from "../../parts/Section";
import { useSession } from "../../session/Session";

export function useTemplates(isWanted = true) {
  return useQuery({
    queryKey: ["templates"],
    queryFn: () => unwrap(api.GET("/templates")),
    enabled: isWanted,
  });
}

export function TemplatesPage() {
  const { t } = useTranslation();
  const format = useFormat();
  const { may } = useSession();
  const templates = useTemplates();
  return (
    <Page
      title={t("templates.title")}
      note={t("templates.note")}
      actions={
        may("templates:write") && (
          <Button component={RouterLink} to="/campaigns/templates/new" variant="contained">
            {t("templates.make")}
          </Button>
        )
      }
    >
      <Section title={t("templates.title")}>
        <Answered query={templates} height={300}>
          {(data) => (
            <DataTable
              label={t("templates.title")}
              rows={data.templates}
              rowKey={({ name }) => name}
              columns={[
                {
                  title: t("settings.name"),
                  cell: ({ name }) => (
                    <Link component={RouterLink} to={`/campaigns/templates/${name}`}>
                      {name}
                    </Link>
                  ),
                },
                { title: t("templates.situation"), cell: ({ content }) => t(`situation.${content.situation}`) },
                { title: t("templates.segments"), cell: ({ content }) => content.segments?.join(", ") },
                { title: t("templates.priority"), isNumber: true, cell: ({ content }) => content.priority },
                {
                  title: t("templates.active"),
                  cell: ({ content }) => (content.is_active ? t("state.yes") : t("state.no")),
                },
                { title: t("models.version"), isNumber: true, cell: ({ version }) => version },
                { title: t("templates.changed"), cell: (each) => format.moment(each.changed_at) },
                { title: t("models.who"), cell: ({ changed_by }) => changed_by ?? t("templates.builtIn") },
              ]}
            />
          )}
        </Answered>
      </Section>
    </Page>
  );
}
