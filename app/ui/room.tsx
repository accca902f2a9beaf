import type { VNode } from 'preact';
import { holdsLayers } from '../../core/session/holders.ts';
import type { SessionState } from '../../core/session/state.ts';
import type { Actions } from '../session/store.ts';
import { AskCard } from './ask-card.tsx';
import { useWakeLock } from './comforts.ts';
import { DeviceCard } from './device-card.tsx';
import { Header } from './header.tsx';
import { InviteCard } from './invite.tsx';
import { Knocks } from './knocks.tsx';
import { Log } from './log.tsx';
import { ModelCard } from './model-card.tsx';
import { ownDevice } from './select.ts';
import { ShareCard } from './share-card.tsx';

/** The whole room on one table, for the leader everywhere and for followers with room to see it. */
export function Room({ state, actions }: { readonly state: SessionState; readonly actions: Actions }): VNode {
  const leads = state.me === state.leader;
  const own = ownDevice(state);
  useWakeLock(own !== undefined && own.card.form !== 'computer' && holdsLayers(state.plan, state.me));
  return (
    <>
      <Header state={state} actions={actions} />
      {leads && <Knocks knocking={state.knocking} actions={actions} />}
      <main class={writes(state) ? 'room writes' : 'room'}>
        <ShareCard state={state} actions={actions} />
        <div class="col right">
          <AskCard state={state} actions={actions} />
          <Log log={state.log} devices={state.devices} saveTrace={actions.saveTrace} />
        </div>
        <section class="devices" aria-label="Devices">
          <ul>
            {state.devices.map((device) => (
              <DeviceCard key={device.card.peer} device={device} state={state} actions={actions} />
            ))}
          </ul>
        </section>
        <div class="col left">
          <InviteCard state={state} actions={actions} />
          <ModelCard state={state} actions={actions} />
        </div>
      </main>
    </>
  );
}

/** What is read gets more of the width than what is looked at. */
function writes({ model }: SessionState): boolean {
  return model.kind === 'ready' && model.card.language !== undefined;
}
