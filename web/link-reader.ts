/** What reads links, in one piece: it is not needed for the default machine, which is to start at once. */
export { linkNeedsProfiles, parseLink } from "../src/ts/config/link.ts";
export { LinkArgsError, LinkError } from "../src/ts/config/link-error.ts";
export { writableImages } from "../src/ts/config/link-kept.ts";
