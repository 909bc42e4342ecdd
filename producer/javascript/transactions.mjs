// Client of the transaction API for browsers and for Node 18 or later; no dependencies.
//
//   const client = new TransactionClient("http://127.0.0.1:8000", { apiKey });
//   for await (const batch of client.stream({ signal })) { … }
//
// The stream is read with fetch, because EventSource can't send a key.

/** Default; the API can set another wait. */
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;
/** A stream that sends nothing for this long, not even a heartbeat, counts as lost. */
const SILENCE_MS = 60_000;
/** Transient HTTP statuses: another attempt may succeed. */
const PASSING = new Set([429, 500, 502, 503, 504]);

/** The API refused a request; `status` is its HTTP status, the message its title and detail. */
export class ApiError extends Error {
  constructor(status, message) {
    super(`${status} ${message}`);
    this.name = "ApiError";
    this.status = status;
  }
}

/** The API dropped this client because it read too slowly; resume after `lastEventId`. */
export class DroppedError extends Error {
  constructor(reason, lastEventId) {
    super(`dropped by the API: ${reason}`);
    this.name = "DroppedError";
    this.lastEventId = lastEventId;
  }
}

export class TransactionClient {
  #url;
  #headers;

  constructor(url, { apiKey, token } = {}) {
    this.#url = url.replace(/\/+$/, "");
    this.#headers = {
      ...(apiKey === undefined ? {} : { "X-API-Key": apiKey }),
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    };
  }

  /** Returns one transaction with an event time of about now. */
  async transaction({ signal } = {}) {
    return (await this.#request("/transaction", {}, signal)).json();
  }

  /** Returns `count` transactions, 1 to 1,000. */
  async transactions(count, { signal } = {}) {
    return (await (await this.#request(`/transactions/${count}`, {}, signal)).json()).transactions;
  }

  /**
   * Yields `{ eventId, transactions, followsGap }` until `signal` aborts, reconnecting when necessary.
   * Throws ApiError if a request is refused permanently, DroppedError if this client read too slowly.
   */
  async *stream({ frequencySeconds, batchSize, lastEventId, signal } = {}) {
    const query = streamQuery({ frequencySeconds, batchSize });
    const path = query.size ? `/stream?${query}` : "/stream";
    let firstRetryMs = FIRST_RETRY_MS;
    let retryMs = firstRetryMs;
    let followsGap = false;
    while (!signal?.aborted) {
      try {
        const headers = lastEventId === undefined ? {} : { "Last-Event-ID": lastEventId };
        for await (const event of this.#events(path, headers, signal)) {
          if (event.retryMs !== undefined) firstRetryMs = retryMs = event.retryMs;
          if (event.type === "gap") followsGap = true;
          if (event.type === "dropped") throw new DroppedError(JSON.parse(event.data).reason, lastEventId);
          if (event.type !== "message" || event.data === "") continue;
          lastEventId = event.id;
          retryMs = firstRetryMs;
          yield { eventId: event.id, transactions: JSON.parse(event.data).transactions, followsGap };
          followsGap = false;
        }
      } catch (error) {
        if (signal?.aborted) return;
        const isLost = error instanceof TypeError || error.name === "TimeoutError";
        const isPassing = error instanceof ApiError && PASSING.has(error.status);
        if (!isLost && !isPassing) throw error;
      }
      await pause(retryMs, signal);
      retryMs = Math.min(LONGEST_RETRY_MS, 2 * retryMs);
    }
  }

  /**
   * Returns the URL of the stream with a token, for an EventSource, which can't send a key. Open it within a
   * minute; once the API ends the stream and the token has expired, the EventSource closes: get a new URL.
   */
  async streamUrl({ frequencySeconds, batchSize, signal } = {}) {
    const { token } = await (await this.#request("/stream/token", {}, signal, "POST")).json();
    return `${this.#url}/stream?${streamQuery({ frequencySeconds, batchSize, token })}`;
  }

  async #request(path, headers, signal, method = "GET") {
    const response = await fetch(this.#url + path, {
      method,
      headers: { ...this.#headers, ...headers },
      cache: "no-store",
      signal,
    });
    if (!response.ok) throw await refusal(response);
    return response;
  }

  async *#events(path, headers, signal) {
    const connection = new AbortController();
    const abort = () => connection.abort(signal.reason);
    signal?.addEventListener("abort", abort);
    const silent = () => connection.abort(new DOMException("the stream is silent", "TimeoutError"));
    let watch = setTimeout(silent, SILENCE_MS);
    try {
      const response = await this.#request(path, headers, connection.signal);
      const parser = new EventParser();
      const decoder = new TextDecoder();
      for await (const chunk of chunks(response.body)) {
        clearTimeout(watch);
        watch = setTimeout(silent, SILENCE_MS);
        yield* parser.push(decoder.decode(chunk, { stream: true }));
      }
    } finally {
      clearTimeout(watch);
      signal?.removeEventListener("abort", abort);
      connection.abort();
    }
  }
}

/**
 * Parser of server-sent events (WHATWG standard) for text that arrives in pieces. An event that only
 * sets a wait has empty data.
 */
export class EventParser {
  #rest = "";
  #type = "";
  #data = [];
  #id;
  #retryMs;

  /** Returns the events that are complete with this text. */
  push(text) {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop();
    return lines.flatMap((line) => this.#line(line));
  }

  #line(line) {
    if (line === "") return this.#end();
    const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line);
    if (field === "event") this.#type = value;
    if (field === "data") this.#data.push(value);
    if (field === "id") this.#id = value;
    if (field === "retry" && /^\d+$/.test(value)) this.#retryMs = Number(value);
    return [];
  }

  #end() {
    const event = {
      type: this.#type || "message",
      data: this.#data.join("\n"),
      id: this.#id,
      retryMs: this.#retryMs,
    };
    const isEmpty = this.#data.length === 0 && this.#retryMs === undefined;
    this.#type = "";
    this.#data = [];
    this.#retryMs = undefined;
    return isEmpty ? [] : [event];
  }
}

function streamQuery({ frequencySeconds, batchSize, token }) {
  const query = new URLSearchParams();
  if (frequencySeconds !== undefined) query.set("frequency_seconds", frequencySeconds);
  if (batchSize !== undefined) query.set("batch_size", batchSize);
  if (token !== undefined) query.set("token", token);
  return query;
}

/** Yields a body's chunks; not every browser can iterate over a stream itself. */
async function* chunks(body) {
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

async function refusal(response) {
  try {
    const problem = await response.json();
    return new ApiError(response.status, `${problem.title}: ${problem.detail}`);
  } catch {
    return new ApiError(response.status, response.statusText);
  }
}

function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
