/** Puts users on a list, an old or a new one, and takes that back if asked to at once. */
import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import MenuItem from "@mui/material/MenuItem";
import Stack from "@mui/material/Stack";
import TextField from "@mui/material/TextField";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SubmitEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../api/client";
import { unwrap } from "../api/problem";
import type { components } from "../api/schema";
import { useUserLists } from "../audience/words";
import { Failure } from "../parts/Answered";
import { type Done, Undo } from "../parts/Undo";

type Members = components["schemas"]["MoreMembers"];
type Addition = components["schemas"]["Addition"];

const NEW = "new";

export function AddToList({
  members,
  label,
  isDisabled = false,
}: {
  members: Members;
  label: string;
  isDisabled?: boolean;
}) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [isOpen, setIsOpen] = useState(false);
  const [done, setDone] = useState<Done | null>(null);
  const changed = () =>
    Promise.all(
      ["user lists", "users", "contacts", "audience"].map((name) => queries.invalidateQueries({ queryKey: [name] })),
    );
  const takeBack = useMutation({
    mutationFn: ({ list_id, addition_id }: Addition) =>
      unwrap(
        api.DELETE("/user-lists/{list_id}/additions/{addition_id}", { params: { path: { list_id, addition_id } } }),
      ),
    onSuccess: changed,
  });
  const add = useMutation({
    mutationFn: ({ list, name }: { list: string; name: string }) =>
      list === NEW
        ? unwrap(api.POST("/user-lists", { body: { ...members, name } }))
        : unwrap(api.POST("/user-lists/{list_id}/members", { params: { path: { list_id: list } }, body: members })),
    onSuccess: async (addition) => {
      setIsOpen(false);
      setDone({
        message: t("lists.added", { count: addition.added, name: addition.name }),
        undo: () => takeBack.mutate(addition),
      });
      await changed();
    },
  });
  return (
    <>
      <Button size="small" disabled={isDisabled} onClick={() => setIsOpen(true)}>
        {label}
      </Button>
      {isOpen && (
        <ListDialog close={() => setIsOpen(false)} add={add.mutate} error={add.error} isBusy={add.isPending} />
      )}
      <Undo done={done} close={() => setDone(null)} />
    </>
  );
}

function ListDialog({
  close,
  add,
  error,
  isBusy,
}: {
  close: () => void;
  add: (where: { list: string; name: string }) => void;
  error: Error | null;
  isBusy: boolean;
}) {
  const { t } = useTranslation();
  const lists = useUserLists().data ?? [];
  const [list, setList] = useState(NEW);
  const [name, setName] = useState("");

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    add({ list, name });
  }

  return (
    <Dialog open onClose={close} fullWidth maxWidth="xs" aria-labelledby="list-title">
      <form onSubmit={submit}>
        <DialogTitle id="list-title">{t("lists.add")}</DialogTitle>
        <DialogContent>
          <Stack spacing={2} sx={{ pt: 1 }}>
            <TextField select label={t("lists.list")} value={list} onChange={(event) => setList(event.target.value)}>
              <MenuItem value={NEW}>{t("lists.new")}</MenuItem>
              {lists.map((each) => (
                <MenuItem key={each.list_id} value={each.list_id}>
                  {each.name} ({each.users})
                </MenuItem>
              ))}
            </TextField>
            {list === NEW && (
              <TextField
                required
                autoFocus
                label={t("lists.name")}
                value={name}
                onChange={(event) => setName(event.target.value)}
              />
            )}
            {error && <Failure error={error} />}
          </Stack>
        </DialogContent>
        <DialogActions>
          <Button onClick={close}>{t("state.cancel")}</Button>
          <Button type="submit" variant="contained" disabled={isBusy}>
            {t("lists.addThem")}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
