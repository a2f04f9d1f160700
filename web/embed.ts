import { EmbedPage } from "./embed/embed-page.ts";

// A browser that lacks something got its own page (embed.html).
if (!document.documentElement.hasAttribute("data-missing")) new EmbedPage();
