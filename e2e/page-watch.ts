import type { Page } from 'playwright';

/** What a page did that it should not, since it was watched. */
export interface PageWatch {
  /** Messages of console errors, uncaught exceptions and crashes. */
  readonly consoleErrors: readonly string[];
  /** Addresses requested from any host but the one that served the page. */
  foreignRequests(): string[];
}

/** Starts to watch a page, its workers included. */
export function watchPage(page: Page): PageWatch {
  const consoleErrors: string[] = [];
  const requested: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') consoleErrors.push(`${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => consoleErrors.push(`uncaught ${error.name}: ${error.message}`));
  page.on('crash', () => consoleErrors.push('the page crashed'));
  page.context().on('request', (request) => requested.push(request.url()));
  page.on('websocket', (socket) => requested.push(socket.url()));
  return {
    consoleErrors,
    foreignRequests: () => requested.filter((address) => isForeign(address, page.url())),
  };
}

/** True for a network address on another host or port than the page's. `blob:` and `data:` go nowhere. */
export function isForeign(address: string, page: string): boolean {
  const url = new URL(address);
  if (!/^(https?|wss?):$/.test(url.protocol)) return false;
  return url.host !== new URL(page).host;
}
