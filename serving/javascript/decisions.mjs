// Client of the decision API for browsers (since 2024) and for Node 20.3 or later; no dependencies.
//
//   const detector = new FraudDetector("http://127.0.0.1:8000", { apiKey });
//   const { fraud_score, risk_level } = await detector.predict({ user_id: "USER001", amount: 1500 });
//
// Retries, deadlines and errors are those of the Python SDK (docs/sdk.md).

const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_RETRIES = 3;
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 2_000;
/** Most transactions of one request; more are divided into several requests. */
const MAX_PER_CALL = 500;
/** Largest body of several transactions; the API takes a little more by default. */
const MAX_BODY_BYTES = 1_000_000;
/** HTTP statuses after which another attempt may succeed. */
const TRANSIENT = new Set([429, 500, 502, 503, 504]);
/** Those of them that say that the service has not acted on the request. */
const NOT_ACTED_ON = new Set([429]);

/**
 * @typedef {object} FraudCheck Answer of POST /api/check-fraud.
 * @property {string} transaction_id
 * @property {number} fraud_score between 0 and 1
 * @property {boolean} is_fraud whether the score has reached the threshold
 * @property {"LOW" | "MEDIUM" | "HIGH"} risk_level
 * @property {string[]} factors sentences, the most important first
 * @property {number} processing_time_ms
 */

/** @typedef {{ field: string, value: string, remedy: string }} FieldProblem One invalid field of a request. */

/** The service refused a request; `status` is the HTTP status, `errors` the invalid fields. */
export class RequestRefusedError extends Error {
  /**
   * @param {number} status
   * @param {Record<string, any>} problem the answer's body, empty if it was not a problem (RFC 9457)
   * @param {string} reason the reason phrase, for an answer without a title
   */
  constructor(status, problem, reason) {
    const title = problem.title ?? reason;
    super(problem.detail ? `${status} ${title}: ${problem.detail}` : `${status} ${title}`);
    this.name = "RequestRefusedError";
    this.status = status;
    /** @type {FieldProblem[]} */
    this.errors = Array.isArray(problem.errors) ? problem.errors : [];
    /** Results of the earlier requests of a call that needed several. @type {object[]} */
    this.earlierResults = [];
  }
}

/** No answer within the deadline or the attempts; `mayBeDone`: the service may have acted on the request. */
export class NoAnswerError extends Error {
  /** @param {string} reason @param {boolean} mayBeDone */
  constructor(reason, mayBeDone) {
    const doubt = mayBeDone ? "; the service may have acted on the request" : "";
    super(`no answer from the decision API (${reason})${doubt}: check that it runs, its address and its CORS origins`);
    this.name = "NoAnswerError";
    this.mayBeDone = mayBeDone;
    /** @type {object[]} */
    this.earlierResults = [];
  }
}

/** The answer is not the decision API's: another service listens there, or a proxy has changed it. */
export class UnexpectedAnswerError extends Error {
  /** @param {string} reason */
  constructor(reason) {
    super(`the answer is not the decision API's: ${reason}; check the URL`);
    this.name = "UnexpectedAnswerError";
    /** @type {object[]} */
    this.earlierResults = [];
  }
}

export class FraudDetector {
  #url;
  #headers;
  #timeoutMs;
  #retries;

  /**
   * @param {string} url
   * @param {object} [options]
   * @param {string} [options.apiKey]
   * @param {string} [options.token] a JWT
   * @param {number} [options.timeoutMs] deadline of a call with all of its attempts
   * @param {number} [options.retries] attempts after the first
   */
  constructor(url, { apiKey, token, timeoutMs = DEFAULT_TIMEOUT_MS, retries = DEFAULT_RETRIES } = {}) {
    this.#url = url.replace(/\/+$/, "");
    this.#headers = {
      "Content-Type": "application/json",
      ...(apiKey === undefined ? {} : { "X-API-Key": apiKey }),
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    };
    this.#timeoutMs = timeoutMs;
    this.#retries = retries;
  }

  /**
   * Returns the score, the risk level and the factors of one transaction; changes nothing.
   * @param {object} transaction `user_id`, `amount` in dollars, `merchant_id` and others
   * @param {{ signal?: AbortSignal }} [options]
   * @returns {Promise<FraudCheck>}
   */
  async predict(transaction, { signal } = {}) {
    const answer = await this.#call({ path: "/api/check-fraud", body: transaction, isRepeatable: true, signal });
    if (!isObject(answer)) throw new UnexpectedAnswerError("it is no object");
    return answer;
  }

  /**
   * Returns the decision on a transaction, or a list of those on an array of them, in their order.
   * @param {object | object[]} transactions
   * @param {{ features?: boolean, record?: boolean, signal?: AbortSignal }} [options] `features`: with the
   *   feature vector; `record`: also put the transactions onto the stream
   * @returns {Promise<any>}
   */
  async decide(transactions, { features = false, record = false, signal } = {}) {
    const chosen = Object.entries({ features, record }).filter(([, isSet]) => isSet);
    const query = chosen.map(([name]) => `${name}=true`).join("&");
    const calls = chunks(transactions).map((chunk) => ({
      path: query ? `/v1/decisions?${query}` : "/v1/decisions",
      body: chunk,
      isRepeatable: !record || chunk.every((each) => each.transaction_id && each.event_time),
      results: "decisions",
      signal,
    }));
    const found = await this.#results(calls);
    return Array.isArray(transactions) ? found : found[0];
  }

  /**
   * Puts one transaction or an array of them onto the stream; returns a result for each, in their order.
   * Each request has an idempotency key, the same for all of its attempts.
   * @param {object | object[]} transactions
   * @param {{ idempotencyKey?: string, signal?: AbortSignal }} [options] a key is for 500 transactions at most
   * @returns {Promise<object[]>}
   */
  async send(transactions, { idempotencyKey, signal } = {}) {
    const found = chunks(transactions);
    if (idempotencyKey !== undefined && found.length > 1) {
      throw new RangeError(`an idempotency key is for ${MAX_PER_CALL} transactions at most: send them in several calls`);
    }
    return this.#results(
      found.map((chunk) => ({
        path: "/v1/transactions",
        body: chunk,
        isRepeatable: true,
        headers: { "Idempotency-Key": idempotencyKey ?? newKey() },
        results: "results",
        signal,
      })),
    );
  }

  async #results(calls) {
    const found = [];
    for (const call of calls) {
      try {
        const answer = await this.#call(call);
        const results = isObject(answer) ? answer[call.results] : undefined;
        if (!Array.isArray(results) || results.length !== call.body.length) {
          throw new UnexpectedAnswerError(`it has no list "${call.results}" of ${call.body.length}`);
        }
        found.push(...results);
      } catch (error) {
        error.earlierResults = found;
        throw error;
      }
    }
    return found;
  }

  async #call(call) {
    const endsMs = Date.now() + this.#timeoutMs;
    for (let failures = 1; ; failures += 1) {
      try {
        return await this.#attempt(call, endsMs - Date.now());
      } catch (error) {
        if (call.signal?.aborted || !isSafe(error, call) || failures > this.#retries) throw error;
        const waitMs = Math.max(error.retryAfterMs ?? 0, backoffMs(failures - 1));
        if (waitMs >= endsMs - Date.now()) throw error;
        await pause(waitMs, call.signal);
      }
    }
  }

  async #attempt({ path, body, headers, signal }, leftMs) {
    const deadline = AbortSignal.timeout(Math.max(1, leftMs));
    try {
      const response = await fetch(this.#url + path, {
        method: "POST",
        headers: { ...this.#headers, ...headers },
        body: JSON.stringify(body),
        cache: "no-store",
        // No other host is to receive the key.
        redirect: "error",
        signal: signal === undefined ? deadline : AbortSignal.any([deadline, signal]),
      });
      return await read(response);
    } catch (error) {
      if (signal?.aborted || error instanceof RequestRefusedError || error instanceof UnexpectedAnswerError) throw error;
      // fetch hides whether a connection was made; Node has the code of the cause.
      const reason = deadline.aborted ? "deadline exceeded" : (error.cause?.code ?? error.message);
      throw new NoAnswerError(reason, !["ECONNREFUSED", "ENOTFOUND"].includes(reason));
    }
  }
}

async function read(response) {
  const text = await response.text();
  let found;
  try {
    found = JSON.parse(text);
  } catch {
    if (response.ok) throw new UnexpectedAnswerError(`${response.status} without JSON`);
  }
  if (response.ok) return found;
  const error = new RequestRefusedError(response.status, isObject(found) ? found : {}, response.statusText);
  error.retryAfterMs = retryAfterMs(response.headers.get("Retry-After"));
  throw error;
}

/** Returns the wait of a Retry-After header, in seconds or as a date; undefined if it is neither. */
function retryAfterMs(text) {
  if (text === null) return undefined;
  if (/^\d+$/.test(text)) return 1_000 * Number(text);
  const untilMs = Date.parse(text);
  return Number.isNaN(untilMs) ? undefined : Math.max(0, untilMs - Date.now());
}

function isSafe(error, { isRepeatable }) {
  if (error instanceof NoAnswerError) return isRepeatable || !error.mayBeDone;
  if (!(error instanceof RequestRefusedError) || !TRANSIENT.has(error.status)) return false;
  return isRepeatable || NOT_ACTED_ON.has(error.status);
}

/** Returns the wait before a retry, counted from 0: it doubles, with jitter. */
function backoffMs(retry) {
  return Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** retry) * (0.5 + Math.random() / 2);
}

/** Divides transactions into arrays for one request each, by number and by size. */
function chunks(transactions) {
  const found = [];
  let bytes = 0;
  for (const each of Array.isArray(transactions) ? transactions : [transactions]) {
    const size = new TextEncoder().encode(JSON.stringify(each)).length + 1;
    const isFull = found.at(-1)?.length === MAX_PER_CALL || bytes + size > MAX_BODY_BYTES;
    if (found.length === 0 || isFull) {
      found.push([]);
      bytes = 0;
    }
    found.at(-1).push(each);
    bytes += size;
  }
  return found;
}

/** Returns a new key; crypto.randomUUID needs a secure context, which a page on http is not. */
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", abort, { once: true });
  });
}
