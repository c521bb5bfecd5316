/** Idempotency keys: each key belongs to one user and to one request of that user. */
import { hash } from 'node:crypto'

/** The log throws this error when a user sends a key again with a different request. */
export class KeyReused extends Error {
  constructor(key: string, user: string | undefined) {
    super(
      `${user === undefined ? 'The' : `${JSON.stringify(user)} used the`} key ${JSON.stringify(key)} for a different request before.`,
    )
  }
}

const FINGERPRINT_CHARS = 22

/**
 * Returns a fingerprint of a request. The order of JSON members does not change the fingerprint. The fingerprint has
 * 132 bits, so two different requests never have the same fingerprint in practice.
 */
export function fingerprintOf(asked: object): string {
  return hash('sha256', JSON.stringify(asked, inOrder), 'base64url').slice(0, FINGERPRINT_CHARS)
}

function inOrder(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
