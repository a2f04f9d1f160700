/** Where the default guest's description is, relative to the page. */
const MANIFEST = "guest/manifest.json";

/** Why there is no default guest: a sentence, and what to do. */
export class NoGuestError extends Error {
  readonly advice: string;
  readonly url: string;

  constructor(message: string, advice: string, url: string) {
    super(message);
    this.name = "NoGuestError";
    this.advice = advice;
    this.url = url;
  }
}

/** The default machine's command line: from the manifest beside the page. Throws NoGuestError. */
export async function defaultArgs(): Promise<string> {
  const url = new URL(MANIFEST, document.baseURI).href;
  const advice =
    "“npm start” makes the default guest. On a plain host, upload the folder guest beside this page, or name a machine of your own in the address: ?args=-M virt -kernel …";
  let response: Response;
  try {
    response = await fetch(url);
  } catch {
    throw new NoGuestError("The server does not answer.", "Check the connection, then reload the page.", url);
  }
  if (!response.ok || !/json/i.test(response.headers.get("Content-Type") ?? "")) {
    throw new NoGuestError("The description of the default guest is not there.", advice, url);
  }
  const manifest: unknown = await response.json().catch(() => null);
  if (typeof manifest !== "object" || manifest === null || !("args" in manifest) || typeof manifest.args !== "string") {
    throw new NoGuestError("The description of the default guest is damaged.", advice, url);
  }
  return manifest.args;
}
