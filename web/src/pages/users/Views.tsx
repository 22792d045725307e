/** One's saved views of the list, and the way to save this one. Whoever is to see the same is sent the link. */
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Chip from "@mui/material/Chip";
import TextField from "@mui/material/TextField";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SubmitEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { api } from "../../api/client";
import type { View } from "../../api/names";
import { unwrap } from "../../api/problem";
import { Failure } from "../../parts/Answered";
import { type Done, Undo } from "../../parts/Undo";

export function Views({ views }: { views: readonly View[] }) {
  const { t } = useTranslation();
  const [search, setSearch] = useSearchParams();
  const queries = useQueryClient();
  const [name, setName] = useState<string | null>(null);
  const [done, setDone] = useState<Done | null>(null);
  // They come with the list.
  const changed = () => queries.invalidateQueries({ queryKey: ["users"] });
  const save = useMutation({
    mutationFn: (view: { name: string; query: string }) => unwrap(api.POST("/views", { body: view })),
    onSuccess: changed,
  });
  const drop = useMutation({
    mutationFn: (view: { view_id: string; name: string; query: string }) =>
      unwrap(api.DELETE("/views/{view_id}", { params: { path: { view_id: view.view_id } } })),
    onSuccess: async (_, view) => {
      setDone({ message: t("views.deleted", { name: view.name }), undo: () => save.mutate(view) });
      await changed();
    },
  });

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    if (name !== null) save.mutate({ name, query: search.toString() });
    setName(null);
  }

  async function copy() {
    await navigator.clipboard.writeText(location.href);
    setDone({ message: t("views.copied") });
  }

  return (
    <Box
      role="group"
      aria-label={t("views.title")}
      sx={{ display: "flex", flexWrap: "wrap", gap: 1, alignItems: "center" }}
    >
      {views.map((view) => (
        <Chip
          key={view.view_id}
          label={view.name}
          color={view.query === search.toString() ? "primary" : "default"}
          onClick={() => setSearch(new URLSearchParams(view.query))}
          onDelete={() => drop.mutate(view)}
        />
      ))}
      {name === null ? (
        <Button size="small" onClick={() => setName("")}>
          {t("views.save")}
        </Button>
      ) : (
        <Box component="form" onSubmit={submit} sx={{ display: "flex", gap: 1 }}>
          <TextField
            required
            autoFocus
            size="small"
            label={t("views.name")}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
          <Button type="submit" size="small" variant="contained">
            {t("views.keep")}
          </Button>
          <Button size="small" onClick={() => setName(null)}>
            {t("state.cancel")}
          </Button>
        </Box>
      )}
      <Button size="small" onClick={() => void copy()}>
        {t("views.copy")}
      </Button>
      {save.isError && <Failure error={save.error} />}
      <Undo done={done} close={() => setDone(null)} />
    </Box>
  );
}
