// Runs a snippet for a browser in Node, which has `fetch` but no `EventSource`; ends after its first event.
// Usage: node event_source.mjs FILE
import { readFile } from "node:fs/promises";
import { EventParser } from "../../producer/javascript/transactions.mjs";

const connection = new AbortController();

/** The part of a browser's EventSource that reads: one connection, unnamed events, `onmessage`. */
globalThis.EventSource = class {
  constructor(url) {
    this.#read(url).catch((error) => {
      if (!connection.signal.aborted) throw error;
    });
  }

  async #read(url) {
    const response = await fetch(url, { headers: { Accept: "text/event-stream" }, signal: connection.signal });
    if (!response.ok) throw new Error(`${url}: ${response.status}`);
    const parser = new EventParser();
    const decoder = new TextDecoder();
    for await (const chunk of response.body) {
      for (const event of parser.push(decoder.decode(chunk, { stream: true }))) {
        if (event.type !== "message" || event.data === "") continue;
        this.onmessage(event);
        connection.abort();
        return;
      }
    }
  }
};

const snippet = await readFile(process.argv[2], "utf8");
await import(`data:text/javascript,${encodeURIComponent(snippet)}`);
