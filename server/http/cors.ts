/** Cross-origin resource sharing (WHATWG Fetch, section 3.3), for pages that a user serves from another origin. */

/** Request fields that a page on an allowed origin may set, in addition to the fields that browsers always allow. */
const REQUEST_FIELDS = 'authorization, content-type, idempotency-key, last-event-id, prefer'

/** Response fields that a page on an allowed origin may read, in addition to the fields that browsers always allow. */
const RESPONSE_FIELDS = 'allow, location, preference-applied, retry-after'

/** Number of seconds for which a browser may reuse the result of a preflight. */
const PREFLIGHT_S = 600

/**
 * Returns the CORS headers of a response. `guest` is the origin whose scripts may read the response. If `guest` is
 * null, no scripts of another origin may read the response. The headers always contain `vary: origin`, so that a cache
 * never gives the response for one origin to another origin.
 */
export function corsHeaders(guest: string | null, withCredentials: boolean): Record<string, string> {
  if (guest === null) return { vary: 'origin' }
  return {
    vary: 'origin',
    'access-control-allow-origin': guest,
    'access-control-expose-headers': RESPONSE_FIELDS,
    ...(withCredentials && { 'access-control-allow-credentials': 'true' }),
  }
}

export function preflightHeaders(methods: readonly string[]): Record<string, string> {
  return {
    'access-control-allow-methods': methods.join(', '),
    'access-control-allow-headers': REQUEST_FIELDS,
    'access-control-max-age': String(PREFLIGHT_S),
  }
}
