import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import MenuItem from "@mui/material/MenuItem";
import TextField from "@mui/material/TextField";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { SubmitEvent } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import type { Role } from "../../api/names";
import { unwrap } from "../../api/problem";
import { useFormat } from "../../i18n";
import { Answered, Failure } from "../../parts/Answered";
import { DataTable } from "../../parts/DataTable";
import { Section } from "../../parts/Section";

const ROLES: readonly Role[] = ["viewer", "marketer", "analyst", "admin"];

/** Who may sign in, and as what. */
export function Accounts() {
  const { t } = useTranslation();
  const format = useFormat();
  const queries = useQueryClient();
  const accounts = useQuery({ queryKey: ["accounts"], queryFn: () => unwrap(api.GET("/accounts")) });
  const again = { onSuccess: () => queries.invalidateQueries({ queryKey: ["accounts"] }) };
  const make = useMutation({
    mutationFn: (body: { email: string; name: string; role: Role; password: string }) =>
      unwrap(api.POST("/accounts", { body })),
    ...again,
  });
  const change = useMutation({
    mutationFn: ({ account_id, ...body }: { account_id: string; role?: Role; is_disabled?: boolean }) =>
      unwrap(api.PATCH("/accounts/{account_id}", { params: { path: { account_id } }, body })),
    ...again,
  });

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const given = new FormData(form);
    const text = (name: string) => String(given.get(name));
    make.mutate(
      { email: text("email"), name: text("name"), role: text("role") as Role, password: text("password") },
      { onSuccess: () => form.reset() },
    );
  }

  return (
    <Section title={t("settings.accounts")}>
      <Answered query={accounts} height={160}>
        {(data) => (
          <DataTable
            label={t("settings.accounts")}
            rows={data}
            rowKey={(account) => account.account_id}
            columns={[
              { title: t("signIn.email"), cell: (account) => account.email },
              { title: t("settings.name"), cell: (account) => account.name },
              {
                title: t("settings.role"),
                cell: (account) => (
                  <TextField
                    select
                    size="small"
                    variant="standard"
                    value={account.role}
                    slotProps={{ htmlInput: { "aria-label": `${t("settings.role")}: ${account.email}` } }}
                    onChange={(event) =>
                      change.mutate({ account_id: account.account_id, role: event.target.value as Role })
                    }
                  >
                    {ROLES.map((role) => (
                      <MenuItem key={role} value={role}>
                        {t(`role.${role}`)}
                      </MenuItem>
                    ))}
                  </TextField>
                ),
              },
              { title: t("settings.since"), cell: (account) => format.moment(account.created_at) },
              {
                title: "",
                cell: (account) => (
                  <Button
                    size="small"
                    onClick={() =>
                      change.mutate({ account_id: account.account_id, is_disabled: account.disabled_at === null })
                    }
                  >
                    {account.disabled_at === null ? t("settings.disable") : t("settings.enable")}
                  </Button>
                ),
              },
            ]}
          />
        )}
      </Answered>
      {change.isError && <Failure error={change.error} />}
      <Box component="form" onSubmit={submit} sx={{ display: "flex", flexWrap: "wrap", gap: 1.5, mt: 2 }}>
        <TextField size="small" required name="email" type="email" label={t("signIn.email")} autoComplete="off" />
        <TextField size="small" required name="name" label={t("settings.name")} autoComplete="off" />
        <TextField
          size="small"
          select
          name="role"
          label={t("settings.role")}
          defaultValue="viewer"
          sx={{ minWidth: 120 }}
        >
          {ROLES.map((role) => (
            <MenuItem key={role} value={role}>
              {t(`role.${role}`)}
            </MenuItem>
          ))}
        </TextField>
        <TextField
          size="small"
          required
          name="password"
          type="password"
          label={t("signIn.password")}
          autoComplete="new-password"
        />
        <Button type="submit" variant="contained" disabled={make.isPending}>
          {t("settings.addAccount")}
        </Button>
      </Box>
      {make.isError && <Failure error={make.error} />}
    </Section>
  );
}
