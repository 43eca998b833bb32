/**
 * One JSON request: a time limit, and one kind of error with a stable code.
 *
 * The API answers an error as {"error": {"code", "message"}}. API Gateway's own refusals (a missing token, a throttled
 * caller, a function that timed out) are {"message"} only, and a broken network has no body at all. Callers see one
 * ApiError for all of them and decide by its code.
 */

const CODE_OF_STATUS = {
  401: "unauthorized",
  403: "forbidden",
  429: "rate_limited",
  502: "unavailable",
  503: "unavailable",
  504: "unavailable",
};

export class ApiError extends Error {
  /**
   * @param {string} code stable, for programs
   * @param {number} status HTTP status, 0 when nothing answered
   * @param {object} details the API's whole error: some codes bring more than a message, such as prices to choose from
   */
  constructor(code, status, message, details = {}, options = {}) {
    super(message, options);
    this.name = "ApiError";
    this.code = code;
    this.status = status;
    this.details = details;
  }
}

/**
 * @param {string} url
 * @param {{method?: string, body?: object, token?: string, key?: string, timeoutMs?: number}} options `key` names the
 *   request, so that it is done once however often it is sent
 * @returns {Promise<any>} the parsed body of a 2xx answer
 * @throws {ApiError}
 */
export async function requestJson(url, { method = "GET", body, token, key, timeoutMs = 10_000 } = {}) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  if (token) headers.Authorization = `Bearer ${token}`;

  let response, text;
  try {
    response = await fetch(url, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store", // a balance from a cache is a wrong balance
      credentials: "omit", // the token is the identity; no cookie, so nothing for a forged request to ride on
      signal: AbortSignal.timeout(timeoutMs), // covers reading the body too
    });
    text = await response.text();
  } catch (cause) {
    const code = cause.name === "TimeoutError" ? "timeout" : "network";
    throw new ApiError(code, 0, `${method} ${new URL(url, location.href).pathname}: ${code}`, {}, { cause });
  }

  const answer = parse(text);
  if (response.ok && answer !== undefined) return answer;
  const details = answer?.error ?? {};
  const code = details.code ?? CODE_OF_STATUS[response.status] ?? "internal";
  throw new ApiError(code, response.status, details.message ?? answer?.message ?? "", details);
}

/** A proxy may answer HTML. That is an error of its own, not an exception from JSON.parse. */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
