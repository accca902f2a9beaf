/** The page without views that runs in a frame of another site; `module/potluck` is the other end. */
import { CHANNEL_VERSION, type Connect, type FromFrame, type Hello } from './channel.ts';
import { openDesk } from './desk.ts';
import { giveStorage } from './give-storage.ts';
import { Visit } from './visit.ts';

/** The composition root: takes the one port that the page around hands over, and answers what comes through it. */
function main(): void {
  if (window.parent === window) {
    document.body.textContent = 'This page has no views: other sites embed it. See potluck.js.';
    return;
  }
  giveStorage(window);
  const connect = (event: MessageEvent<Partial<Connect> | null>): void => {
    const [port] = event.ports;
    if (event.source !== window.parent || event.data?.potluck !== 'connect' || !port) return;
    removeEventListener('message', connect);
    const visit = new Visit((news) => port.postMessage({ type: 'news', news } satisfies FromFrame));
    openDesk(port, (ask, context) => visit.answer(ask, context));
  };
  addEventListener('message', connect);
  const hello: Hello = { potluck: 'frame', version: CHANNEL_VERSION };
  // To whoever is around: there is nothing secret in it, and the server has decided who may be there.
  window.parent.postMessage(hello, '*');
}

main();
