/** Saves a text as a file on the person's computer. */
export function download(name: string, type: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type }))
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  // The browser reads the address while it handles the click, so afterwards the page can revoke the address.
  setTimeout(() => URL.revokeObjectURL(address))
}
