import { InputError, RoomEndedError } from '../../core/errors.ts';
import type { EmbedAsk } from '../../core/protocol/embed.ts';
import type { BrowserSession } from '../session/browser-session.ts';
import { type EnterOptions, enter } from '../session/enter.ts';
import type { Place } from '../session/place.ts';
import { tensorsOf } from '../session/programs.ts';
import { answerOf, checkComplete, checkLeads, openChosen } from './asks.ts';
import { whenInside, whenModel, whenReady } from './await-state.ts';
import type { News } from './channel.ts';
import type { AskContext, Reply } from './desk.ts';
import { embedPlace } from './embed-place.ts';
import { tellNews } from './tell-news.ts';
import type { Scribe } from './write.ts';

/** How the page's requests name what a site asked. */
const LABEL = 'from the site around';

/** How a visit begins: the product's way, or a twin of it in tests. */
export interface Entrance {
  readonly place: (link: string | null) => Promise<Place>;
  readonly enter: (place: Place, options: EnterOptions) => Promise<BrowserSession>;
}

/** What a site may ask of the one room that its frame enters. */
export class Visit {
  readonly #tell: (news: News) => void;
  readonly #entrance: Entrance;
  #begun = false;
  #tellRest = (): void => undefined;
  /** The model that the site wanted the room to begin with; it must not take another one's answers for that one's. */
  #first: Promise<void> = Promise.resolve();
  #session: BrowserSession | undefined;
  #scribe: Promise<Scribe> | undefined;

  constructor(tell: (news: News) => void, entrance: Entrance = { place: embedPlace, enter }) {
    this.#tell = tell;
    this.#entrance = entrance;
  }

  /** What the site sees of the room is up to date before it has the answer. */
  async answer(ask: EmbedAsk, context: AskContext): Promise<Reply> {
    const reply = await this.#answer(ask, context);
    this.#tellRest();
    return reply;
  }

  async #answer(ask: EmbedAsk, context: AskContext): Promise<Reply> {
    if (ask.type === 'enter') return { value: await this.#enter(ask, context.signal) };
    const session = this.#session;
    if (!session) {
      const data = { step: 'ask the room', expected: 'a room', actual: 'none yet' };
      throw new InputError('No room was entered yet.', data);
    }
    const { state } = session;
    switch (ask.type) {
      case 'open':
        this.#first = Promise.resolve();
        await openChosen(session, ask.model);
        await whenReady(state, context.signal);
        return {};
      case 'ready':
        await this.#first;
        await whenReady(state, context.signal);
        return {};
      case 'run': {
        await this.#model(state, context.signal);
        const feeds = tensorsOf(ask.feeds);
        checkComplete(session, feeds);
        return answerOf(session, await session.askTensors(feeds, 0, LABEL));
      }
      case 'picture':
        await this.#model(state, context.signal);
        return answerOf(session, await session.askImage(ask.picture, LABEL));
      case 'write': {
        await this.#model(state, context.signal);
        const scribe = await this.#writes(session);
        return { value: await scribe.write(ask.input, ask.options, context) };
      }
      case 'mode':
        checkLeads(session, 'choose what plans aim at');
        session.setMode(ask.mode);
        return {};
      case 'qr': {
        const { qrSvg } = await import('./qr.ts');
        return { value: qrSvg(state.value.link) };
      }
      case 'leave':
        session.leave();
        return {};
    }
  }

  async #enter(
    { link, name, model }: Extract<EmbedAsk, { type: 'enter' }>,
    signal: AbortSignal,
  ): Promise<string> {
    if (this.#begun) {
      const data = { step: 'enter a room', expected: 'one room a frame', actual: 'another one' };
      throw new InputError('This frame has entered a room already.', data);
    }
    this.#begun = true;
    if (!isSecureContext) {
      const message = 'This address is not secure, so the browser withholds what Potluck needs.';
      throw new RoomEndedError(message, { step: 'enter a room', reason: 'insecure' });
    }
    const place = await this.#entrance.place(link);
    const session = await new Promise<BrowserSession>((resolve, reject) => {
      const taken = (): void => {
        const data = { step: 'make a room', reason: 'no-such-room', actual: 'room-taken' };
        reject(new RoomEndedError('A room with this name is already open.', data));
      };
      const options: EnterOptions = { taken, ...(name !== null && { name }) };
      const inside = async (): Promise<BrowserSession> => {
        const session = await this.#entrance.enter(place, options);
        this.#tellRest = tellNews(session.state, this.#tell);
        await whenInside(session.state, signal);
        return session;
      };
      inside().then(resolve, reject);
    });
    this.#session = session;
    if (model) this.#first = openChosen(session, model);
    // Whoever asks the model something hears of it.
    this.#first.catch(() => undefined);
    return place.address;
  }

  async #model(state: BrowserSession['state'], signal: AbortSignal): Promise<void> {
    await this.#first;
    await whenModel(state, signal);
  }

  #writes(session: BrowserSession): Promise<Scribe> {
    this.#scribe ??= import('./write.ts').then(({ Scribe }) => new Scribe(session));
    this.#scribe.catch(() => {
      this.#scribe = undefined;
    });
    return this.#scribe;
  }
}
