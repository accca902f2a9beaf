import type { PeerId } from '../ids.ts';
import type { SessionEvent } from './events.ts';
import { farewell } from './farewell.ts';
import { holdersOf, holdsLayers } from './holders.ts';
import { planNews, seconds } from './plan-news.ts';
import type { DeviceState, LastRun, LogEntry, PlanView, SessionState, SetAside } from './state.ts';

/** A long evening of a room in which devices come and go. */
const LOG_KEPT = 200;

/** Of devices that held layers, who may be gone: two full rooms. */
const NAMES_KEPT = 64;

type Line = Omit<LogEntry, 'id'>;

/** Adds a line to the log for each event that a person would tell somebody about. */
export function chronicle(before: SessionState, after: SessionState, event: SessionEvent): SessionState {
  const line = tell(before, after, event);
  const lastRun = remembered(before, after, event);
  const state = lastRun === after.lastRun ? after : { ...after, lastRun };
  if (!line) return state;
  const id = (state.log[0]?.id ?? 0) + 1;
  return { ...state, log: [{ id, ...line }, ...state.log].slice(0, LOG_KEPT) };
}

function tell(before: SessionState, after: SessionState, event: SessionEvent): Line | undefined {
  switch (event.type) {
    case 'CardChanged':
      return tellCard(before, event);
    case 'LinkChanged':
      return tellLink(before, event);
    case 'PeerLeft': {
      const { peer, reason, at } = event;
      const gone = device(before, peer);
      return gone && { peer, ...farewell(gone.card.name, reason), tone: 'warn', at };
    }
    case 'ServerChanged':
      return tellServer(before, event);
    case 'RoomEntered': {
      const { leader, at } = event;
      if (before.leader === null || before.leader === leader) return undefined;
      const name = device(before, leader)?.card.name ?? 'Another device';
      return { peer: leader, what: `${name} leads the room now.`, more: '', tone: 'good', at };
    }
    case 'LeaderLost':
      return {
        peer: before.leader,
        what: 'The leader’s page is away.',
        more: 'Another device takes its place.',
        tone: 'warn',
        at: event.at,
      };
    case 'ModelChanged':
      return tellModel(event);
    case 'AsideChanged':
      return tellAside(before.setAside, event.setAside, event.at);
    case 'PlanChanged':
      return tellPlan(before, after, event);
    case 'RoomRecovered': {
      const { noticeMs, planMs, loadMs, answerMs, redone, at } = event;
      const parts = [
        noticeMs !== null && `${seconds(noticeMs)} from its last sign until it was missed`,
        `${seconds(planMs)} to plan`,
        `${seconds(loadMs)} to load layers`,
        `${seconds(answerMs)} until the answer`,
      ];
      const took = (noticeMs ?? 0) + planMs + loadMs + answerMs;
      const more = `${parts.filter((part) => part).join(', ')}.${redone > 0 ? ` ${requests(redone)} asked again.` : ''}`;
      return { peer: null, what: `Answers come again after ${seconds(took)}.`, more, tone: 'good', at };
    }
    case 'NoticeRaised': {
      const { tone, message, at } = event;
      // What only informs is good news that has its own line, and a notice that is still there is no news.
      if (tone === 'info' || after.notices === before.notices) return undefined;
      return { peer: null, what: message, more: '', tone, at };
    }
    case 'RequestFailed':
      return { peer: null, what: 'A request failed.', more: event.message, tone: 'bad', at: event.at };
    default:
      return undefined;
  }
}

function tellAside(before: readonly SetAside[], after: readonly SetAside[], at: number): Line | undefined {
  const has = (list: readonly SetAside[], peer: PeerId): boolean => list.some((each) => each.peer === peer);
  const added = after.find(({ peer }) => !has(before, peer));
  if (added) {
    const { name, peer } = added;
    return { peer, what: `${name} was set aside.`, more: 'Its results were wrong.', tone: 'bad', at };
  }
  const back = before.find(({ peer }) => !has(after, peer));
  return back && { peer: back.peer, what: `${back.name} may take part again.`, more: '', tone: 'good', at };
}

type Of<T extends SessionEvent['type']> = Extract<SessionEvent, { type: T }>;

function tellCard(before: SessionState, { card, at }: Of<'CardChanged'>): Line | undefined {
  const { peer, name, status, hidden } = card;
  const known = device(before, peer)?.card;
  if (!known) {
    if (peer === before.me) return undefined;
    return { peer, what: `${name} joined.`, more: `${card.browser} · ${card.platform}`, tone: 'good', at };
  }
  if (known.name !== name) return { peer, what: `${known.name} is now ${name}.`, more: '', tone: 'calm', at };
  if (status === 'refused' && known.status !== 'refused')
    return { peer, what: `${name} cannot hold layers.`, more: card.refusal ?? '', tone: 'warn', at };
  if (hidden === known.hidden) return undefined;
  return hidden
    ? { peer, what: `${name} is in the background.`, more: 'It may slow down or stop.', tone: 'calm', at }
    : { peer, what: `${name} is in front again.`, more: '', tone: 'calm', at };
}

function tellLink(before: SessionState, { peer, link, at }: Of<'LinkChanged'>): Line | undefined {
  const known = device(before, peer);
  const was = known?.link.kind;
  const name = known?.card.name ?? 'A device';
  if (was === link.kind) return undefined;
  if (link.kind === 'relayed') {
    const more = 'A direct way is still being tried.';
    return { peer, what: `${name} is reached through the relay.`, more, tone: 'warn', at };
  }
  if (link.kind === 'turn') {
    const more = 'No direct way was found.';
    return { peer, what: `${name} is reached through a TURN server.`, more, tone: 'calm', at };
  }
  if ((was === 'relayed' || was === 'turn') && link.kind === 'direct')
    return { peer, what: `${name} is now linked directly.`, more: '', tone: 'good', at };
  return undefined;
}

const AWAY = 'The signaling server is away.';
const BACK = 'The signaling server is back.';

function tellServer(
  { log, server: was }: SessionState,
  { server, at }: Of<'ServerChanged'>,
): Line | undefined {
  // Between the two it is tried again and again.
  const said = log.find(({ what }) => what === AWAY || what === BACK)?.what;
  if (server === 'open' && said === AWAY) return { peer: null, what: BACK, more: '', tone: 'good', at };
  if (was !== 'open' || server === 'open') return undefined;
  const more = 'The room goes on; nobody new can join.';
  return { peer: null, what: AWAY, more, tone: 'warn', at };
}

function tellModel({ model, at }: Of<'ModelChanged'>): Line | undefined {
  if (model.kind === 'ready') {
    const { name, blocks } = model.card;
    return { peer: null, what: `${name} is ready.`, more: `${blocks} layers to share.`, tone: 'good', at };
  }
  if (model.kind !== 'failed') return undefined;
  return {
    peer: null,
    what: `${model.name} could not be opened.`,
    more: model.message,
    tone: 'bad',
    at,
  };
}

function tellPlan(
  before: SessionState,
  after: SessionState,
  { plan, at }: Of<'PlanChanged'>,
): Line | undefined {
  if (plan?.status !== 'running' || isTold(before, plan)) return undefined;
  const nameOf = (peer: PeerId): string =>
    device(after, peer)?.card.name ?? before.lastRun?.names[peer] ?? 'a device';
  return { peer: null, ...planNews(plan, before.lastRun, at, nameOf), tone: 'good', at };
}

/** A plan is told once, however often it is sent, and again only after another. */
function isTold({ plan: before, lastRun }: SessionState, plan: PlanView): boolean {
  if (before?.epoch === plan.epoch && before.status === 'running') return true;
  return before === null && lastRun?.plan.epoch === plan.epoch;
}

/** What there is to compare the next plan with: a plan that is gone, and names of devices that are. */
function remembered(before: SessionState, after: SessionState, event: SessionEvent): LastRun | null {
  const last = before.lastRun;
  switch (event.type) {
    case 'PlanChanged': {
      const { plan } = event;
      if (plan?.status !== 'running' || plan.epoch === last?.plan.epoch) return last;
      const holders = plan.stages.flatMap((stage) => holdersOf(stage).map(({ peer }) => peer));
      const names = holders.map((peer) => [peer, device(after, peer)?.card.name ?? 'a device'] as const);
      const known = [...Object.entries(last?.names ?? {}), ...names].slice(-NAMES_KEPT);
      return { plan, names: Object.fromEntries(known), lost: null };
    }
    case 'PeerLeft': {
      const { peer, at } = event;
      if (!last || last.lost || !holdsLayers(last.plan, peer)) return last;
      return { ...last, lost: { peer, name: last.names[peer] ?? 'a device', at } };
    }
    case 'CardChanged':
      // It is back before anything moved.
      return last?.lost?.peer === event.card.peer ? { ...last, lost: null } : last;
    case 'ModelChanged':
      // Layers of one model are not those of another.
      return modelOf(before) === modelOf(after) ? last : null;
    default:
      return last;
  }
}

function modelOf({ model }: SessionState): string {
  return model.kind === 'ready' ? `${model.card.name} ${model.card.bytes}` : '';
}

function requests(count: number): string {
  return count === 1 ? '1 request was' : `${count} requests were`;
}

function device(state: SessionState, peer: PeerId): DeviceState | undefined {
  return state.devices.find((candidate) => candidate.card.peer === peer);
}
