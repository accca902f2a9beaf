import type { VNode } from 'preact';
import type { Knock } from '../../core/session/state.ts';
import type { Actions } from '../session/store.ts';

/** Devices at the door, for the leader; nothing when nobody knocks. */
export function Knocks({
  knocking,
  actions,
}: {
  readonly knocking: readonly Knock[];
  readonly actions: Actions;
}): VNode {
  return (
    <div class="knocks" role="status">
      {knocking.map((knock) => (
        <div class="card knock" key={knock.peer}>
          <span>
            <b>{knock.name}</b> would like to join.
          </span>
          <span class="buttons">
            <button type="button" onClick={() => actions.deny(knock.peer)} data-testid="knock-deny">
              Not now
            </button>
            <button
              type="button"
              class="main"
              onClick={() => actions.admit(knock.peer)}
              data-testid="knock-admit"
            >
              Let in
            </button>
          </span>
        </div>
      ))}
    </div>
  );
}
