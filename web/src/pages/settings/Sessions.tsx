import Button from "@mui/material/Button";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import { useFormat } from "../../i18n";
import { Answered } from "../../parts/Answered";
import { DataTable } from "../../parts/DataTable";
import { Section } from "../../parts/Section";

/** Where I am signed in; each can be ended. */
export function Sessions() {
  const { t } = useTranslation();
  const format = useFormat();
  const queries = useQueryClient();
  const sessions = useQuery({ queryKey: ["sessions"], queryFn: () => unwrap(api.GET("/auth/sessions")) });
  const end = useMutation({
    mutationFn: (session_id: string) =>
      unwrap(api.DELETE("/auth/sessions/{session_id}", { params: { path: { session_id } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["sessions"] }),
  });
  return (
    <Section title={t("settings.sessions")}>
      <Answered query={sessions} height={120}>
        {(data) => (
          <DataTable
            label={t("settings.sessions")}
            rows={data}
            rowKey={(session) => session.session_id}
            columns={[
              { title: t("settings.device"), cell: (session) => session.user_agent ?? "" },
              { title: t("settings.address"), cell: (session) => session.address ?? "" },
              { title: t("settings.lastUsed"), cell: (session) => format.moment(session.last_used_at) },
              {
                title: "",
                cell: (session) =>
                  session.is_current ? (
                    t("settings.thisSession")
                  ) : (
                    <Button size="small" onClick={() => end.mutate(session.session_id)}>
                      {t("settings.end")}
                    </Button>
                  ),
              },
            ]}
          />
        )}
      </Answered>
    </Section>
  );
}
