import { requireSupportedNode } from '../service/node-version.ts';
import { runMain } from '../service/run-main.ts';

await runMain('user-service', async () => {
  requireSupportedNode();
  // Imported only now: on an old Node the modules below would already fail to load.
  const { startUserService } = await import('./start-user-service.ts');
  await startUserService(process.env);
});
