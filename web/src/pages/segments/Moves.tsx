import { useTranslation } from "react-i18next";
import type { SegmentMove } from "../../api/names";
import { Chart } from "../../charts/Chart";
import { useFormat } from "../../i18n";
import { Empty } from "../../parts/Answered";

/** Who moved between the two newest scored days, as flows from the left to the right. */
export function Moves({ moves }: { moves: readonly SegmentMove[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const newest = moves[0]?.to_as_of;
  const shown = moves.filter((move) => move.to_as_of === newest);
  if (shown.length === 0) return <Empty>{t("segments.noMoves")}</Empty>;
  // A flow may not lead back to where it began, so each side has names of its own.
  const left = (name: string) => `${name} · ${format.day(shown[0]?.from_as_of)}`;
  const right = (name: string) => `${name} · ${format.day(newest)}`;
  const names = [...new Set(shown.flatMap((move) => [left(move.from_segment), right(move.to_segment)]))];
  return (
    <Chart
      label={t("segments.moves")}
      height={420}
      table={{
        header: [t("segments.from"), t("segments.to"), t("segments.users")],
        rows: shown.map((move) => [move.from_segment, move.to_segment, move.users]),
      }}
      option={{
        tooltip: { trigger: "item" },
        series: [
          {
            type: "sankey",
            left: 8,
            right: 170,
            data: names.map((name) => ({ name })),
            links: shown.map((move) => ({
              source: left(move.from_segment),
              target: right(move.to_segment),
              value: move.users,
            })),
            lineStyle: { color: "gradient", opacity: 0.35 },
          },
        ],
      }}
    />
  );
}
