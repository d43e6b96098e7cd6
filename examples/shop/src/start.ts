import { requireSupportedNode } from './service/node-version.ts';
import { runMain } from './service/run-main.ts';

await runMain('shop', async () => {
  requireSupportedNode();
  // Imported only now: on an old Node the modules below would already fail to load.
  const { start } = await import('./storyline/start-shop.ts');
  await start(process.argv.slice(2), process.env);
});
