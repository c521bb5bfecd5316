/** As whom one has signed in, with `--auth`; null where nobody has to. What is wrong with it the server says later anyhow. */
export async function signedIn(): Promise<string | null> {
  try {
    const { user }: { user: string | null } = await (await fetch('/session', { cache: 'no-store' })).json()
    return user
  } catch {
    return null
  }
}
