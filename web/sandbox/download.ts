/** Saves a text as a file on the computer of the person at the screen. */
export function download(name: string, type: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type }))
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  // The browser reads the address during the click, so it can be revoked afterwards.
  setTimeout(() => URL.revokeObjectURL(address))
}
