/// <reference lib="dom" />
// Elements of the page: found by their ids, and made.

export function byId<Found extends HTMLElement = HTMLElement>(id: string): Found {
  return document.getElementById(id) as Found
}

export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  about: { readonly className?: string } = {},
  ...content: readonly (string | Node)[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name)
  if (about.className !== undefined) made.className = about.className
  made.append(...content)
  return made
}

/** Changes the text where it is another: what does not change is not read out, or laid out, again. */
export function setText(node: Element, text: string): void {
  if (node.textContent !== text) node.textContent = text
}
