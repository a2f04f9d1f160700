import { EmbedPage } from "./embed/embed-page.ts";
import { pageStart } from "./page-start.ts";

if (pageStart !== null) new EmbedPage(pageStart);
