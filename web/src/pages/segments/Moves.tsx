import { useTheme } from "@mui/material/styles";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import type { SegmentMove } from "../../api/names";
import { usersPath } from "../../audience/query";
import { Chart } from "../../charts/Chart";
import { useFormat } from "../../i18n";
import { useNames } from "../../i18n/names";
import { Empty } from "../../parts/Answered";

/** Who moved between the two newest scored days, as flows from the left to the right. */
export function Moves({ moves }: { moves: readonly SegmentMove[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const said = useNames();
  const { palette } = useTheme();
  const newest = moves[0]?.to_as_of;
  const shown = moves.filter((move) => move.to_as_of === newest);
  // A flow may not lead back to where it began, so each side has names of its own.
  const left = (name: string) => `${said.segment(name)} · ${format.day(shown[0]?.from_as_of)}`;
  const right = (name: string) => `${said.segment(name)} · ${format.day(newest)}`;
  const go = useNavigate();
  const people = (move: SegmentMove) =>
    usersPath({
      ...(move.from_segment === "new" ? {} : { segment_before: move.from_segment, segment_before_on: move.from_as_of }),
      segment: move.to_segment,
    });
  // Who is gone is on no list of today.
  const isThere = (move: SegmentMove) => move.to_segment !== "gone";
  const names = [...new Set(shown.flatMap((move) => [left(move.from_segment), right(move.to_segment)]))];
  if (shown.length === 0) return <Empty>{t("segments.noMoves")}</Empty>;
  return (
    <Chart
      label={t("segments.moves")}
      onPart={({ dataType, dataIndex }) => {
        const move = dataType === "edge" ? shown[dataIndex] : undefined;
        if (move && isThere(move)) void go(people(move));
      }}
      height={420}
      table={{
        header: [t("segments.from"), t("segments.to"), t("segments.users")],
        rows: shown.map((move) => [said.segment(move.from_segment), said.segment(move.to_segment), move.users]),
        links: shown.map((move) => (isThere(move) ? people(move) : undefined)),
      }}
      option={{
        tooltip: { trigger: "item" },
        series: [
          {
            type: "sankey",
            cursor: "pointer",
            label: { color: palette.text.primary },
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
