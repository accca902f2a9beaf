import type { PeerId, RoomId } from '../ids.ts';
import { chronicle } from './chronicle.ts';
import type { SessionEvent } from './events.ts';
import { holdsLayers } from './holders.ts';
import type {
  DeviceCard,
  DeviceState,
  LinkView,
  LoadReport,
  PlanRules,
  Seat,
  SessionState,
} from './state.ts';

/** One minute of load reports, one a second. */
const HISTORY = 60;
const REQUESTS_KEPT = 40;
const NOTICES_KEPT = 4;
/** As many colours as tokens.css defines; a ninth device shares the first one's. */
const COLOURS = 8;

const NO_LOAD: LoadReport = {
  at: 0,
  busy: 0,
  msPerItem: null,
  queue: 0,
  items: 0,
  bytesIn: 0,
  bytesOut: 0,
  busyMs: 0,
  memoryBytes: 0,
  peakMemoryBytes: 0,
};

export const NO_RULES: PlanRules = { pinnedIn: [], pinnedOut: [], endsAtHome: false, batteryFloor: 0 };

/** The state of a page that has only just been opened. */
export function initialState(me: PeerId): SessionState {
  return {
    me,
    room: '' as RoomId,
    link: '',
    leader: null,
    phase: { kind: 'opening' },
    server: 'connecting',
    askFirst: false,
    knocking: [],
    devices: [],
    mode: 'everyone',
    rules: NO_RULES,
    setAside: [],
    audits: null,
    model: { kind: 'none' },
    plan: null,
    preparing: null,
    requests: [],
    log: [],
    lastRun: null,
    notices: [],
  };
}

/** The only way that session state changes: pure, total, and unchanged (the same object) when nothing did. */
export function reduce(state: SessionState, event: SessionEvent): SessionState {
  return chronicle(state, apply(state, event), event);
}

function apply(state: SessionState, event: SessionEvent): SessionState {
  switch (event.type) {
    case 'RoomChosen':
      return { ...state, room: event.room, link: event.link, me: event.me };
    case 'ServerChanged':
      return state.server === event.server ? state : { ...state, server: event.server };
    case 'AdmissionAwaited':
      return { ...state, phase: { kind: 'knocking' } };
    case 'RoomEntered':
      return { ...state, phase: { kind: 'open' }, leader: event.leader };
    case 'LeaderLost':
      return state.phase.kind === 'open'
        ? { ...state, phase: { kind: 'leaderless' }, plan: withoutLeader(state), preparing: null }
        : state;
    case 'SessionEnded':
      return {
        ...state,
        phase: { kind: 'ended', reason: event.reason, message: event.message },
        plan: null,
        preparing: null,
      };
    case 'AskFirstChanged':
      return { ...state, askFirst: event.value };
    case 'KnockHeard':
      return {
        ...state,
        knocking: [
          ...without(state.knocking, event.peer),
          { peer: event.peer, name: event.name, at: event.at },
        ],
      };
    case 'KnockAnswered':
      return { ...state, knocking: without(state.knocking, event.peer) };
    case 'CardChanged':
      return withCard(state, event.card, event.at);
    case 'LinkChanged':
      return withDevice(state, event.peer, (device) => ({ ...device, link: event.link }));
    case 'SeatsChanged':
      return seated(state, event.seats);
    case 'PeerLeft':
      return { ...state, devices: state.devices.filter((device) => device.card.peer !== event.peer) };
    case 'RoomRecovered':
      return state;
    case 'LoadReported':
      return withDevice(state, event.peer, (device) => ({
        ...device,
        load: event.load,
        history: [...device.history, event.load].slice(-HISTORY),
      }));
    case 'StageProgressed':
      return withDevice(state, event.peer, (device) => ({ ...device, loading: event.progress }));
    case 'ModelChanged':
      return { ...state, model: event.model, plan: event.model.kind === 'none' ? null : state.plan };
    case 'ModeChanged':
      return state.mode === event.mode ? state : { ...state, mode: event.mode };
    case 'RulesChanged':
      return { ...state, rules: event.rules };
    case 'AsideChanged':
      return JSON.stringify(state.setAside) === JSON.stringify(event.setAside)
        ? state
        : { ...state, setAside: event.setAside };
    case 'AuditsCounted':
      return { ...state, audits: event.audits };
    case 'PlanChanged':
      return { ...state, plan: event.plan };
    case 'PreparationChanged':
      return { ...state, preparing: event.preparing };
    case 'RequestAsked':
      return {
        ...state,
        requests: [
          {
            id: event.id,
            label: event.label,
            status: 'running' as const,
            askedAt: event.at,
            latencyMs: null,
            epoch: null,
            stages: [],
            message: null,
          },
          ...state.requests,
        ].slice(0, REQUESTS_KEPT),
      };
    case 'RequestAnswered':
      return {
        ...state,
        requests: state.requests.map((request) => {
          const { id, latencyMs, epoch, stages } = event;
          return request.id === id
            ? { ...request, status: 'done' as const, latencyMs, epoch, stages }
            : request;
        }),
      };
    case 'RequestFailed':
      return {
        ...state,
        requests: state.requests.map((request) =>
          request.id === event.id
            ? { ...request, status: 'failed' as const, message: event.message }
            : request,
        ),
      };
    case 'NoticeRaised': {
      if (state.notices.some((notice) => notice.message === event.message)) return state;
      const id = 1 + state.notices.reduce((most, notice) => Math.max(most, notice.id), 0);
      return {
        ...state,
        notices: [...state.notices, { id, tone: event.tone, message: event.message }].slice(-NOTICES_KEPT),
      };
    }
    case 'NoticeDismissed':
      return { ...state, notices: state.notices.filter((notice) => notice.id !== event.id) };
  }
}

/** Without its leader a room goes on with the plan that it has, if the leader held nothing of it. */
function withoutLeader({ plan, leader }: SessionState): SessionState['plan'] {
  return leader !== null && holdsLayers(plan, leader) ? null : plan;
}

function without<T extends { readonly peer: PeerId }>(list: readonly T[], peer: PeerId): readonly T[] {
  return list.filter((item) => item.peer !== peer);
}

function withDevice(
  state: SessionState,
  peer: PeerId,
  change: (device: DeviceState) => DeviceState,
): SessionState {
  return {
    ...state,
    devices: state.devices.map((device) => (device.card.peer === peer ? change(device) : device)),
  };
}

function withCard(state: SessionState, card: DeviceCard, at: number): SessionState {
  if (state.devices.some((device) => device.card.peer === card.peer)) {
    return withDevice(state, card.peer, (device) => ({ ...device, card }));
  }
  const link: LinkView = {
    kind: card.peer === state.me ? 'self' : 'connecting',
    rttMs: null,
    mbitPerSec: null,
  };
  const device: DeviceState = {
    card,
    colour: freeColour(state.devices),
    joinedAt: at,
    link,
    load: NO_LOAD,
    history: [],
    loading: null,
  };
  return { ...state, devices: [...state.devices, device] };
}

/** Devices that the leader does not know yet come last, with the colour they had. */
function seated(state: SessionState, seats: readonly Seat[]): SessionState {
  const place = ({ card }: DeviceState): number => {
    const at = seats.findIndex(({ peer }) => peer === card.peer);
    return at < 0 ? seats.length : at;
  };
  const devices = state.devices.map((device) => ({
    ...device,
    colour: seats[place(device)]?.colour ?? device.colour,
  }));
  return { ...state, devices: devices.sort((a, b) => place(a) - place(b)) };
}

function freeColour(devices: readonly DeviceState[]): number {
  for (let colour = 1; colour <= COLOURS; colour++) {
    if (!devices.some((device) => device.colour === colour)) return colour;
  }
  return 1 + (devices.length % COLOURS);
}
