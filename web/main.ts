import { Page } from "./page.ts";
import { pageStart } from "./page-start.ts";

if (pageStart !== null) void new Page(pageStart).show();
