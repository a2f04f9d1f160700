import { Page } from "./page.ts";

// A browser that lacks something got its own page (index.html).
if (!document.documentElement.hasAttribute("data-missing")) void new Page().show();
