import Alert from "@mui/material/Alert";
import Autocomplete from "@mui/material/Autocomplete";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import TextField from "@mui/material/TextField";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type SubmitEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import type { components } from "../../api/schema";
import { useFormat } from "../../i18n";
import { Answered, Failure } from "../../parts/Answered";
import { DataTable } from "../../parts/DataTable";
import { Section } from "../../parts/Section";
import { useSession } from "../../session/Session";

type Scope = components["schemas"]["NewKey"]["scopes"][number];

/** Keys of machines. A new key is shown once. */
export function Keys() {
  const { t } = useTranslation();
  const format = useFormat();
  const { me } = useSession();
  const queries = useQueryClient();
  const [scopes, setScopes] = useState<Scope[]>([]);
  const keys = useQuery({ queryKey: ["keys"], queryFn: () => unwrap(api.GET("/keys")) });
  const again = { onSuccess: () => queries.invalidateQueries({ queryKey: ["keys"] }) };
  const make = useMutation({
    mutationFn: (name: string) => unwrap(api.POST("/keys", { body: { name, scopes } })),
    ...again,
  });
  const revoke = useMutation({
    mutationFn: (key_id: number) => unwrap(api.DELETE("/keys/{key_id}", { params: { path: { key_id } } })),
    ...again,
  });

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    make.mutate(String(new FormData(event.currentTarget).get("name")));
  }

  return (
    <Section title={t("settings.keys")}>
      <Answered query={keys} height={120}>
        {(data) => (
          <DataTable
            label={t("settings.keys")}
            rows={data.filter((key) => key.revoked_at === null)}
            rowKey={(key) => key.key_id}
            columns={[
              { title: t("settings.name"), cell: (key) => key.name },
              { title: t("settings.hint"), cell: (key) => key.hint ?? "" },
              { title: t("settings.scopes"), cell: (key) => key.scopes.join(", ") },
              { title: t("settings.lastUsed"), cell: (key) => format.moment(key.last_used_at) },
              { title: t("settings.expires"), cell: (key) => format.moment(key.expires_at) },
              {
                title: "",
                cell: (key) => (
                  <Button size="small" color="error" onClick={() => revoke.mutate(key.key_id)}>
                    {t("settings.revoke")}
                  </Button>
                ),
              },
            ]}
          />
        )}
      </Answered>
      <Box component="form" onSubmit={submit} sx={{ display: "flex", flexWrap: "wrap", gap: 1.5, mt: 2 }}>
        <TextField size="small" required name="name" label={t("settings.name")} autoComplete="off" />
        <Autocomplete
          multiple
          size="small"
          sx={{ minWidth: 280, flex: 1 }}
          options={(me?.permissions ?? []) as Scope[]}
          value={scopes}
          onChange={(_, chosen) => setScopes(chosen)}
          renderInput={(params) => <TextField {...params} label={t("settings.scopes")} />}
        />
        <Button type="submit" variant="contained" disabled={make.isPending || scopes.length === 0}>
          {t("settings.addKey")}
        </Button>
      </Box>
      {make.isError && <Failure error={make.error} />}
      {make.data && (
        <Alert severity="success" sx={{ mt: 2, wordBreak: "break-all" }}>
          {t("settings.keyOnce")} <code>{make.data.key}</code>
        </Alert>
      )}
    </Section>
  );
}
