// node's pg.
const { Client } = require('pg');
const checks = JSON.parse(require('fs').readFileSync(process.env.HELAN_CHECKS));

async function main() {
  const [one, other] = [new Client(), new Client()];
  await one.connect();
  await other.connect();
  const ask = async (text, values) => String(Object.values((await one.query(text, values)).rows[0])[0]);
  const check = async (name, work) => {
    let said;
    try { said = await work(); } catch (error) { said = error.message; }
    console.log(`${name}\t${said === true ? 'ok' : JSON.stringify(said)}`);
  };
  const refused = async (text, state) => {
    try { return `was answered: ${await ask(text)}`; } catch (error) { return error.code === state || `${error.code} ${error.message}`; }
  };
  await check('connects', async () => await ask('select 1') === '1');
  await check('lists', async () => (await ask("select obj_description('figures'::regclass, 'pg_class')")).startsWith('Figures to read'));
  await check('answers', async () => {
    for (const [question, answer] of checks.answers) if (await ask(question) !== answer) return question;
    return true;
  });
  const [moment, question, answer] = checks['as of'];
  await one.query(`set helan.as_of = '${moment}'`);
  await check('as of', async () => await ask(question) === answer);
  await check('own settings', async () => (await other.query('show helan.as_of')).rows[0]['helan.as_of'] === '');
  await one.query('discard all');
  await check('digits', async () => await ask(checks.digits[0]) === checks.digits[1]);
  await check('parameter', async () => await ask('select count(*) from rd_intensity where ref_area = any($1) and time_period = $2', [['640000'], '2018']) === '1');
  await one.query('set statement_timeout = 300');
  await check('cut off', async () => refused(checks.endless, '57014'));
  await check('reads only', async () => refused(checks.write, '25006'));
  await check('no files', async () => refused(checks.file, '42883'));
  await one.end();
  await other.end();
}
main();
