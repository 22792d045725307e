import Accordion from "@mui/material/Accordion";
import AccordionDetails from "@mui/material/AccordionDetails";
import AccordionSummary from "@mui/material/AccordionSummary";
import { useTranslation } from "react-i18next";
import type { components } from "../../api/schema";
import { useFormat } from "../../i18n";
import { useNames } from "../../i18n/names";
import { DataTable } from "../../parts/DataTable";

/** Everything the models know of the user, by family, in the catalogue's words. */
export function Features({ families }: { families: readonly components["schemas"]["FeatureFamily"][] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const names = useNames();
  return families.map(({ family, features }) => (
    <Accordion key={family} disableGutters elevation={0} slotProps={{ transition: { unmountOnExit: true } }}>
      <AccordionSummary>
        {names.family(family)} ({features.length})
      </AccordionSummary>
      <AccordionDetails>
        <DataTable
          label={family}
          rows={features}
          rowKey={(feature) => feature.name}
          columns={[
            {
              title: t("user.feature"),
              cell: (feature) => <span title={feature.description}>{names.feature(feature.name, feature.label)}</span>,
            },
            { title: t("user.value"), isNumber: true, cell: (feature) => format.number(feature.value, 2) },
            { title: t("user.unit"), cell: (feature) => names.unit(feature.unit) },
          ]}
        />
      </AccordionDetails>
    </Accordion>
  ));
}
