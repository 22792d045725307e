/** What my devices are told while no page is open: each topic can be switched, each device removed. */
import Alert from "@mui/material/Alert";
import Button from "@mui/material/Button";
import FormControlLabel from "@mui/material/FormControlLabel";
import Stack from "@mui/material/Stack";
import Switch from "@mui/material/Switch";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import type { components } from "../../api/schema";
import { type Language, useFormat } from "../../i18n";
import { canPush, subscribe, type Topic, unsubscribe } from "../../offline/push";
import { Answered, Empty, Failure } from "../../parts/Answered";
import { DataTable } from "../../parts/DataTable";
import { Section } from "../../parts/Section";

type Push = components["schemas"]["Push"];

export function Notifications() {
  const { t } = useTranslation();
  const push = useQuery({ queryKey: ["push"], queryFn: () => unwrap(api.GET("/push")) });
  return (
    <>
      <Section title={t("push.title")} note={t("push.note")}>
        <Answered query={push} height={160}>
          {(data) => <ThisDevice push={data} />}
        </Answered>
      </Section>
      <Section title={t("push.devices")}>
        <Answered query={push} height={120} isEmpty={(data) => data.devices.length === 0} empty={t("push.none")}>
          {(data) => <Devices push={data} />}
        </Answered>
      </Section>
    </>
  );
}

function ThisDevice({ push }: { push: Push }) {
  const { t, i18n } = useTranslation();
  const queries = useQueryClient();
  const mine = push.devices.find((device) => device.is_current);
  const change = useMutation({
    mutationFn: (topics: Topic[]) => subscribe(push.public_key ?? "", topics, i18n.language as Language),
    onSuccess: (data) => queries.setQueryData(["push"], data),
  });
  if (push.public_key === null) return <Empty>{t("push.notSetUp")}</Empty>;
  if (!canPush()) return <Empty>{t("push.unsupported")}</Empty>;
  return (
    <Stack spacing={1} sx={{ alignItems: "flex-start" }}>
      {mine === undefined ? (
        <Button variant="contained" disabled={change.isPending} onClick={() => change.mutate(push.topics)}>
          {t("push.turnOn")}
        </Button>
      ) : (
        push.topics.map((topic) => (
          <FormControlLabel
            key={topic}
            label={t(`push.${topic}`)}
            control={
              <Switch
                checked={mine.topics.includes(topic)}
                disabled={change.isPending}
                onChange={(_, isOn) =>
                  change.mutate(isOn ? [...mine.topics, topic] : mine.topics.filter((each) => each !== topic))
                }
              />
            }
          />
        ))
      )}
      {change.isError &&
        (change.error instanceof DOMException ? (
          <Alert severity="warning">{t("push.denied")}</Alert>
        ) : (
          <Failure error={change.error} />
        ))}
    </Stack>
  );
}

function Devices({ push }: { push: Push }) {
  const { t } = useTranslation();
  const format = useFormat();
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: async (device: Push["devices"][number]) => {
      const path = { subscription_id: device.subscription_id };
      await unwrap(api.DELETE("/push/devices/{subscription_id}", { params: { path } }));
      if (device.is_current) await unsubscribe();
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: ["push"] }),
  });
  return (
    <>
      <DataTable
        label={t("push.devices")}
        rows={push.devices}
        rowKey={(device) => device.subscription_id}
        columns={[
          { title: t("settings.device"), cell: ({ device }) => device },
          { title: t("settings.since"), cell: ({ made_at }) => format.moment(made_at) },
          { title: t("push.toldAt"), cell: ({ told_at }) => format.moment(told_at) },
          {
            title: "",
            cell: (device) => (
              <Button size="small" onClick={() => remove.mutate(device)}>
                {device.is_current ? t("push.turnOff") : t("push.remove")}
              </Button>
            ),
          },
        ]}
      />
      {remove.isError && <Failure error={remove.error} />}
    </>
  );
}
