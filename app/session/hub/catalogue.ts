import { FetchError } from '../../../core/errors.ts';
import { HUB_MODELS, type HubModel } from './models.ts';

/** Where the models lie unless the build or the page's address says otherwise. */
const HUB = 'https://huggingface.co';

export function hubModels(): readonly HubModel[] {
  return HUB_MODELS;
}

/** A model of the list, with the address of its file at the hub in use. @throws FetchError */
export function findHubModel(
  id: string,
  base: string = hubBase(globalThis.location?.search ?? ''),
): HubModel & { readonly address: string } {
  const model = HUB_MODELS.find((each) => each.id === id);
  if (!model) {
    throw new FetchError(`There is no model "${id}" in the list.`, {
      step: 'choose a model',
      expected: HUB_MODELS.map((each) => each.id).join(', '),
      actual: id,
    });
  }
  return { ...model, address: addressAt(base, model) };
}

/** The hub in use: `?hub=ADDRESS` of the page goes before VITE_HUB of the build; a mirror has the same paths. */
export function hubBase(search: string, built: string | undefined = import.meta.env.VITE_HUB): string {
  return new URLSearchParams(search).get('hub') || built || HUB;
}

/** The form that the Hugging Face hub gives its files, folders of a mirror's address kept. */
function addressAt(base: string, { repository, path }: HubModel): string {
  const root = base.replace(/\/+$/, '');
  const url = `${root}/${repository}/resolve/main/${path}`;
  if (/^https?:\/\/[^/?#@]+(\/[^?#]*)?$/.test(root) && URL.canParse(url)) return url;
  throw new FetchError(`"${base.slice(0, 200)}" is not the address of a hub.`, {
    step: 'find the hub',
    expected: `an address such as ${HUB}`,
    actual: base.slice(0, 200),
  });
}
