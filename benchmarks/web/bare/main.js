/** The least that a page of Vite, React and Material UI is: a bar, a heading, a table of three rows. */
import AppBar from "@mui/material/AppBar";
import Container from "@mui/material/Container";
import CssBaseline from "@mui/material/CssBaseline";
import Table from "@mui/material/Table";
import TableBody from "@mui/material/TableBody";
import TableCell from "@mui/material/TableCell";
import TableRow from "@mui/material/TableRow";
import Toolbar from "@mui/material/Toolbar";
import Typography from "@mui/material/Typography";
import { createElement as h } from "react";
import { createRoot } from "react-dom/client";

const row = (name) => h(TableRow, { key: name }, h(TableCell, null, name), h(TableCell, null, "1"));
createRoot(document.getElementById("root")).render([
  h(CssBaseline, { key: "base" }),
  h(AppBar, { key: "bar", position: "static" }, h(Toolbar, null, h(Typography, null, "Bare"))),
  h(
    Container,
    { key: "main", component: "main" },
    h(Typography, { variant: "h1" }, "Bare"),
    h(Table, null, h(TableBody, null, ["One", "Two", "Three"].map(row))),
  ),
]);
