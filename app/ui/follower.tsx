import type { VNode } from 'preact';
import type { DeviceState, LinkView, SessionState } from '../../core/session/state.ts';
import type { Actions } from '../session/store.ts';
import { AskCard } from './ask-card.tsx';
import { Chain } from './chain.tsx';
import { useWakeLock } from './comforts.ts';
import { Condition } from './condition.tsx';
import { Fact, held } from './device-card.tsx';
import { DeviceDetails } from './device-details.tsx';
import { DeviceName } from './device-name.tsx';
import { ms, percent } from './format.ts';
import { Logo, ThemeSwitch } from './header.tsx';
import { type Holding, heldLayers } from './holdings.ts';
import { InviteButton } from './invite.tsx';
import { Log } from './log.tsx';
import { PlanPanels } from './plan-panels.tsx';
import { PlanSentence } from './plan-sentence.tsx';
import { amountOf, listed, ProgressLine, useTimeLeft } from './progress.tsx';
import { Ring } from './ring.tsx';
import { colourOf, linkSummary, type Occupation, occupation } from './select.ts';
import { StoredButton } from './stored.tsx';
import { useRoomLoading } from './use-room-loading.ts';
import '../styles/follower.css';

interface Props {
  readonly state: SessionState;
  readonly actions: Actions;
  readonly own: DeviceState;
}

/** A follower's small screen: its own part first, then its place in the room. */
export function Follower({ state, actions, own }: Props): VNode {
  const doing = occupation(own, state.plan);
  const { load } = own;
  const loading = useRoomLoading(state);
  return (
    <>
      <header class="slim-head">
        <h1>
          <Logo />
        </h1>
        <span class="spring" />
        <LinkPill state={state} />
        <StoredButton actions={actions} />
        <ThemeSwitch />
      </header>
      <main class="follower">
        <section class="own" aria-label="This device">
          <OwnRing own={own} doing={doing} />
          <Headline state={state} own={own} doing={doing} />
          <div class="own-name">
            <i class="dot" style={{ '--c': colourOf(own) }} />
            <DeviceName name={own.card.name} mine rename={actions.rename} />
          </div>
        </section>
        <section class="card" aria-label="Numbers of this device">
          <dl class="facts big">
            <Fact value={ms(load.msPerItem)} words="per item" />
            <Fact value={held(load)} words="held" />
            <Fact value={ms(leaderRtt(state))} words="away" />
          </dl>
          <DeviceDetails device={own} />
        </section>
        <section class="card share" aria-labelledby="whole-title">
          <h2 id="whole-title">The whole room</h2>
          <Chain state={state} slim />
          <div class="share-words">
            {loading ? (
              <ProgressLine progress={loading} testId="room-loading" />
            ) : (
              <PlanSentence state={state} setMode={actions.setMode} />
            )}
          </div>
          {state.plan && <PlanPanels state={state} plan={state.plan} actions={actions} />}
        </section>
        <AskCard state={state} actions={actions} />
        <Log log={state.log} devices={state.devices} saveTrace={actions.saveTrace} />
        <Foot
          state={state}
          actions={actions}
          own={own}
          wanted={doing.kind === 'stage' || doing.kind === 'loading'}
        />
      </main>
    </>
  );
}

function OwnRing({ own, doing }: { readonly own: DeviceState; readonly doing: Occupation }): VNode {
  const colour = colourOf(own);
  if (doing.kind === 'measuring' || doing.kind === 'loading') {
    const fraction = doing.progress?.fraction ?? null;
    return (
      <Ring
        share={fraction}
        big={fraction === null ? '…' : percent(fraction)}
        small={doing.kind === 'measuring' ? 'measured' : fraction === null ? 'starting' : 'loaded'}
        colour={colour}
        label={doing.progress?.step ?? 'Measuring this device'}
      />
    );
  }
  return <Ring share={own.load.busy} big={percent(own.load.busy)} small="busy" colour={colour} />;
}

function Headline({ state, own, doing }: Omit<Props, 'actions'> & { readonly doing: Occupation }): VNode {
  const device = { phone: 'phone', tablet: 'tablet', computer: 'computer', server: 'server' }[own.card.form];
  const progress = doing.kind === 'loading' ? doing.progress : { step: '', fraction: null };
  const left = useTimeLeft(progress);
  const blocks = state.plan?.blocks ?? 0;
  const [title, more] = ((): [string, VNode | string] => {
    if (doing.kind === 'measuring') return [`Measuring this ${device}`, doing.progress?.step ?? ''];
    if (doing.kind === 'refused') return [`This ${device} cannot hold layers`, doing.reason];
    if (doing.kind === 'loading')
      // The last step, starting them, has no bytes.
      return progress.bytesDone === undefined
        ? [`Starting ${stageWords(doing.held, blocks)}`, '']
        : [`Receiving ${stageWords(doing.held, blocks)}`, listed(amountOf(progress), left)];
    if (doing.kind === 'left-out') return [`This ${device} is not needed now`, doing.reason];
    if (doing.kind === 'idle')
      return [`This ${device} is ready`, 'Layers come when the leader shares them out.'];
    const words = stageWords(doing.held, blocks);
    return [
      `This ${device} runs ${words}`,
      <>
        {words === 'all layers' ? '' : `of ${blocks}, `}for room <b>{state.room}</b>
      </>,
    ];
  })();
  return (
    <>
      <p class="headline">{title}</p>
      <p class="subline">{more}</p>
    </>
  );
}

function stageWords(held: readonly Holding[], blocks: number): string {
  return held.length > 0 ? heldLayers(held, blocks) : 'its layers';
}

const LINK_WORDS: Readonly<Record<LinkView['kind'], string>> = {
  self: 'linked',
  direct: 'linked',
  turn: 'through TURN',
  relayed: 'relayed',
  connecting: 'linking',
  lost: 'out of reach',
};

function LinkPill({ state }: { readonly state: SessionState }): VNode {
  const leader = state.devices.find((device) => device.card.peer === state.leader);
  const kind = leader?.link.kind ?? 'lost';
  const words = state.server === 'away' ? 'server away' : LINK_WORDS[kind];
  return (
    <span class="pill link-pill" role="status" data-tone={kind === 'lost' ? 'warn' : linkSummary(state).tone}>
      <i class="light" />
      {words}
    </span>
  );
}

function leaderRtt(state: SessionState): number | null {
  return state.devices.find((device) => device.card.peer === state.leader)?.link.rttMs ?? null;
}

function Foot({ state, actions, own, wanted }: Props & { readonly wanted: boolean }): VNode {
  const awake = useWakeLock(wanted);
  return (
    <footer class="foot">
      {awake && <span class="pill">✓ screen stays on</span>}
      <Condition card={own.card} />
      <span class="spring" />
      <InviteButton state={state} actions={actions} />
      <button type="button" onClick={actions.leave} data-testid="leave">
        Leave
      </button>
    </footer>
  );
}
