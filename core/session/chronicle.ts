import type { PeerId } from '../ids.ts';
import type { SessionEvent } from './events.ts';
import { holdersOf } from './holders.ts';
import type { DeviceState, LogEntry, PlanView, SessionState, SetAside } from './state.ts';

const LOG_KEPT = 100;

interface Line {
  readonly peer: PeerId | null;
  readonly what: string;
  readonly more: string;
  readonly tone: LogEntry['tone'];
  readonly at: number;
}

/** Adds a line to the log for each event that a person would tell somebody about. */
export function chronicle(before: SessionState, after: SessionState, event: SessionEvent): SessionState {
  const line = tell(before, after, event);
  if (!line) return after;
  const id = (after.log[0]?.id ?? 0) + 1;
  return { ...after, log: [{ id, ...line }, ...after.log].slice(0, LOG_KEPT) };
}

function tell(before: SessionState, after: SessionState, event: SessionEvent): Line | undefined {
  switch (event.type) {
    case 'CardChanged': {
      const { peer, name, status } = event.card;
      const known = device(before, peer);
      if (!known && peer !== after.me)
        return {
          peer,
          what: `${name} joined.`,
          more: `${event.card.browser} · ${event.card.platform}`,
          tone: 'good',
          at: event.at,
        };
      if (known && known.card.name !== name)
        return { peer, what: `${known.card.name} is now ${name}.`, more: '', tone: 'calm', at: event.at };
      if (status === 'refused' && known?.card.status !== 'refused') {
        return {
          peer,
          what: `${name} cannot hold layers.`,
          more: event.card.refusal ?? '',
          tone: 'warn',
          at: event.at,
        };
      }
      return undefined;
    }
    case 'LinkChanged': {
      const was = device(before, event.peer)?.link.kind;
      const name = device(before, event.peer)?.card.name ?? 'A device';
      if (was === event.link.kind) return undefined;
      if (event.link.kind === 'relayed')
        return {
          peer: event.peer,
          what: `${name} is reached through the relay.`,
          more: 'A direct way is still being tried.',
          tone: 'warn',
          at: event.at,
        };
      if (was === 'relayed' && event.link.kind === 'direct')
        return {
          peer: event.peer,
          what: `${name} is now linked directly.`,
          more: '',
          tone: 'good',
          at: event.at,
        };
      return undefined;
    }
    case 'PeerLeft': {
      const gone = device(before, event.peer);
      return (
        gone && {
          peer: event.peer,
          what: `${gone.card.name} left.`,
          more: event.reason,
          tone: 'warn',
          at: event.at,
        }
      );
    }
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
      if (event.model.kind === 'ready')
        return {
          peer: null,
          what: `${event.model.card.name} is ready.`,
          more: `${event.model.card.blocks} layers to share.`,
          tone: 'good',
          at: event.at,
        };
      if (event.model.kind === 'failed')
        return {
          peer: null,
          what: `${event.model.name} could not be opened.`,
          more: event.model.message,
          tone: 'bad',
          at: event.at,
        };
      return undefined;
    case 'AsideChanged':
      return tellAside(before.setAside, event.setAside, event.at);
    case 'PlanChanged':
      return tellPlan(before.plan, event.plan, after, event.at);
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

function tellPlan(
  before: PlanView | null,
  plan: PlanView | null,
  state: SessionState,
  at: number,
): Line | undefined {
  if (plan?.status !== 'running') return undefined;
  if (before?.epoch === plan.epoch && before.status === 'running') return undefined;
  const shares = layersEach(plan).map(
    ([peer, layers]) => `${device(state, peer)?.card.name ?? 'a device'} ${layers}`,
  );
  const more = `Layers each: ${shares.join(', ')}.`;
  // Why it came is what people ask of a plan that replaced another.
  return { peer: null, what: plan.because ?? sharing(plan, shares.length), more, tone: 'good', at };
}

function sharing({ stages, blocks }: PlanView, holders: number): string {
  if (holders === 1) return 'One device runs all layers.';
  if (stages.length === 1) return `${holders} devices hold all layers each and share the answers.`;
  return `${holders} devices share ${blocks} layers.`;
}

/** How many layers each device holds, in the order of the chain. */
function layersEach({ stages }: PlanView): readonly (readonly [PeerId, number])[] {
  const each = new Map<PeerId, number>();
  for (const stage of stages)
    for (const { peer } of holdersOf(stage)) each.set(peer, (each.get(peer) ?? 0) + stage.end - stage.start);
  return [...each];
}

function device(state: SessionState, peer: PeerId): DeviceState | undefined {
  return state.devices.find((candidate) => candidate.card.peer === peer);
}
