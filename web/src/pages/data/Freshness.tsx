/** How new what is known is: what runs have read and built, events by source, and the checks of new events. */
import Chip from "@mui/material/Chip";
import { useTranslation } from "react-i18next";
import type { DataHealth } from "../../api/names";
import { useFormat } from "../../i18n";
import { useSaid } from "../../i18n/sentences";
import { Empty } from "../../parts/Answered";
import { DataTable } from "../../parts/DataTable";

interface Props {
  health: DataHealth;
}

export function Freshness({ health: { freshness } }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const rows: [string, string][] = [
    [t("data.eventsRead"), format.moment(freshness.events_read_at)],
    [t("data.contractPassed"), format.moment(freshness.contract_passed_at)],
    [t("data.lastEvent"), format.day(freshness.last_event_day)],
    ...freshness.marts.map(({ mart, as_of }): [string, string] => [t(`mart.${mart}`, mart), format.day(as_of)]),
    ...freshness.scores.map(({ model, as_of }): [string, string] => [
      t("data.scored", { model: t(`model.${model}`, model) }),
      format.day(as_of),
    ]),
  ];
  return (
    <DataTable
      label={t("data.freshness")}
      rows={rows}
      rowKey={([name]) => name}
      columns={[
        { title: t("data.what"), cell: ([name]) => name },
        { title: t("user.when"), cell: ([, when]) => when },
      ]}
    />
  );
}

export function Sources({ health: { freshness } }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  if (freshness.sources.length === 0) return <Empty>{t("data.noSources")}</Empty>;
  return (
    <DataTable
      label={t("data.sources")}
      rows={freshness.sources}
      rowKey={({ source }) => source}
      columns={[
        { title: t("data.source"), cell: ({ source }) => source },
        { title: t("data.lastOccurred"), cell: (each) => format.moment(each.last_occurred_at) },
        { title: t("data.lastReceived"), cell: (each) => format.moment(each.last_received_at) },
        { title: t("data.events"), isNumber: true, cell: ({ events }) => format.number(events) },
      ]}
    />
  );
}

export function Checks({ health: { checks } }: Props) {
  const { t } = useTranslation();
  const said = useSaid();
  const format = useFormat();
  if (checks.length === 0) return <Empty>{t("data.noChecks")}</Empty>;
  return (
    <DataTable
      label={t("data.checks")}
      rows={checks}
      rowKey={({ checked_at }) => checked_at}
      columns={[
        { title: t("user.when"), cell: (each) => format.moment(each.checked_at) },
        {
          title: t("data.state"),
          cell: ({ is_passed }) => (
            <Chip
              size="small"
              variant="outlined"
              color={is_passed ? "success" : "error"}
              label={is_passed ? t("data.passed") : t("data.notPassed")}
            />
          ),
        },
        { title: t("data.rows"), isNumber: true, cell: (each) => format.number(each.rows_checked) },
        {
          title: t("data.found"),
          cell: (each) => (each.is_passed ? each.warnings : [each.sentence, ...each.warnings]).map(said).join("; "),
        },
      ]}
    />
  );
}
