import type { VNode } from 'preact';
import type { DeviceState, LoadReport, SessionState } from '../../core/session/state.ts';
import type { Actions } from '../session/store.ts';
import { Condition } from './condition.tsx';
import { DeviceDetails } from './device-details.tsx';
import { DeviceName } from './device-name.tsx';
import { DeviceRule } from './device-rule.tsx';
import { bytes, ms, percent } from './format.ts';
import { heldLayers } from './holdings.ts';
import { lazy } from './lazy.tsx';
import { amountOf, Bar, listed, useTimeLeft } from './progress.tsx';
import { colourOf, type Occupation, occupation } from './select.ts';
import { Sparkline } from './sparkline.tsx';

const Aside = lazy(async () => (await import('./aside.tsx')).Aside);

interface Props {
  readonly device: DeviceState;
  readonly state: SessionState;
  readonly actions: Pick<Actions, 'rename' | 'setRules' | 'handOver' | 'letIn'>;
}

/** One device at work. All slots keep their place whatever the device is doing. */
export function DeviceCard({ device, state, actions }: Props): VNode {
  const { card, load } = device;
  const mine = card.peer === state.me;
  const leads = card.peer === state.leader;
  const doing = occupation(device, state.plan);
  const aside = state.setAside.find(({ peer }) => peer === card.peer);
  return (
    <li
      class="card dev"
      data-testid="device-card"
      data-peer={card.peer}
      data-status={card.status}
      data-doing={doing.kind}
      data-link={device.link.kind}
      data-layers={
        doing.kind === 'stage' ? doing.held.map(({ stage }) => `${stage.start}-${stage.end}`).join() : ''
      }
      data-busy={load.busy.toFixed(2)}
      data-busy-ms={load.busyMs.toFixed(0)}
      data-items={load.items}
      style={{ '--c': colourOf(device) }}
    >
      <div class="name">
        <i class="dot" />
        <DeviceName name={card.name} mine={mine} rename={actions.rename} />
        <Badges device={device} mine={mine} leads={leads} />
      </div>
      <p class="what">
        <span>{describe(device)}</span>
        <Condition card={card} />
      </p>
      {aside && doing.kind !== 'measuring' ? (
        <Aside evidence={aside.evidence} />
      ) : (
        <Work device={device} doing={doing} blocks={state.plan?.blocks ?? 0} />
      )}
      <dl class="facts">
        <Fact value={ms(load.msPerItem)} words="per item" />
        <Fact value={held(load)} words="held" />
        <Fact value={mine ? '–' : ms(device.link.rttMs)} words="away" />
        <Fact value={String(load.queue)} words="waiting" />
      </dl>
      <div class="dev-foot">
        <DeviceDetails device={device} />
        <DeviceRule state={state} device={device} actions={actions} />
      </div>
    </li>
  );
}

/** Bytes held; a dash for a device that holds nothing. */
export function held(load: LoadReport): string {
  return load.memoryBytes > 0 ? bytes(load.memoryBytes) : '–';
}

export function Fact({ value, words }: { readonly value: string; readonly words: string }): VNode {
  return (
    <div>
      <dt>{words}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** The middle of the card: load while it works, progress while it prepares, the reason while it does neither. */
function Work({
  device,
  doing,
  blocks,
}: {
  readonly device: DeviceState;
  readonly doing: Occupation;
  readonly blocks: number;
}): VNode {
  const colour = colourOf(device);
  if (doing.kind === 'measuring' || doing.kind === 'loading') {
    return (
      <Preparing
        progress={doing.progress}
        words={
          doing.kind === 'measuring' ? 'measured' : doing.progress.fraction === null ? 'starting' : 'loaded'
        }
        colour={colour}
      />
    );
  }
  if (doing.kind === 'refused') {
    return (
      <div class="work refused">
        <b>Cannot hold layers</b>
        <span>{doing.reason}</span>
      </div>
    );
  }
  if (doing.kind === 'left-out') {
    return (
      <div class="work out">
        <b>Stays out</b>
        <span>{doing.reason}</span>
      </div>
    );
  }
  const busy = device.load.busy;
  return (
    <div class="work">
      <div class="load">
        <b>{percent(busy)}</b> <span>busy</span>
        <Sparkline history={device.history} colour={colour} />
      </div>
      <Bar share={busy} label={`${device.card.name} busy`} colour={colour} role="meter" />
      <p class="place">
        <span>{placeOf(doing, blocks)}</span>
      </p>
    </div>
  );
}

function Preparing({
  progress,
  words,
  colour,
}: {
  readonly progress: DeviceState['loading'];
  readonly words: string;
  readonly colour: string;
}): VNode {
  const known = progress ?? { step: 'Measuring this device', fraction: null };
  const amount = known.bytesDone === undefined ? '' : amountOf(known);
  const left = useTimeLeft(known);
  return (
    <div class="work" data-testid="device-progress">
      <div class="load">
        <b>{known.fraction === null ? '…' : percent(known.fraction)}</b>
        <span>{words}</span>
        <span class="amount">{amount}</span>
      </div>
      <Bar share={known.fraction} label={known.step} words={listed(amount, left)} colour={colour} />
      <p class="place">
        <span>{known.step}</span>
        <span class="soft">{left}</span>
      </p>
    </div>
  );
}

function placeOf(doing: Occupation, blocks: number): string {
  if (doing.kind === 'stage') return `Holds ${heldLayers(doing.held, blocks)}`;
  return 'Ready to take part';
}

function Badges({
  device,
  mine,
  leads,
}: {
  readonly device: DeviceState;
  readonly mine: boolean;
  readonly leads: boolean;
}): VNode {
  return (
    <span class="badges">
      {mine && <span class="badge">you</span>}
      {leads && <span class="badge">leader</span>}
      {device.link.kind === 'turn' && (
        <span class="badge" title="Reached through a TURN server: there is no direct way">
          through TURN
        </span>
      )}
      {device.link.kind === 'relayed' && <span class="badge">relayed</span>}
      {device.link.kind === 'connecting' && <span class="badge">linking</span>}
      {device.link.kind === 'lost' && (
        <span class="badge" data-tone="warn">
          out of reach
        </span>
      )}
      {device.card.hidden && (
        <span
          class="badge"
          data-tone="warn"
          title="Its tab is in the background, where browsers slow it down"
        >
          hidden
        </span>
      )}
    </span>
  );
}

/** "Chrome · Android · WebGPU", "Firefox · Linux · 4 threads". */
function describe({ card }: DeviceState): string {
  const { profile } = card;
  const engine =
    profile === null
      ? null
      : profile.provider === 'webgpu' || profile.provider === 'cuda'
        ? { webgpu: 'WebGPU', cuda: 'CUDA' }[profile.provider]
        : profile.threads === 1
          ? '1 thread'
          : `${profile.threads} threads`;
  return [card.browser, card.platform, engine].filter(Boolean).join(' · ');
}
