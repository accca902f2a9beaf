/** How a link ended, by the reason that it gave, and what that means to people. */
const FAREWELLS: Readonly<Record<string, readonly [what: 'left' | 'was lost', more: string]>> = {
  'closed the page': ['left', 'Its page was closed.'],
  'You left the room.': ['left', ''],
  'closed the peer': ['left', 'It was stopped.'],
  'the device fell silent': ['was lost', 'It fell silent: frozen, asleep or out of reach.'],
  'no way to the device is left': ['was lost', 'No way to it is left.'],
  'the device left': ['was lost', 'Its page ended without a word.'],
};

/** "Phone left." or "Phone was lost.", and how. Reasons may be foreign: an unknown one is told as it is. */
export function farewell(name: string, reason: string): { readonly what: string; readonly more: string } {
  const [what, more] = Object.hasOwn(FAREWELLS, reason)
    ? (FAREWELLS[reason] ?? ['left', reason])
    : ['left', reason];
  return { what: `${name} ${what}.`, more };
}
