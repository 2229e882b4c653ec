<?php
/**
 * An editor that never comes to its end: it holds the lock and has written half of its draft when somebody kills it. Its lock expires by
 * itself, here after one second instead of 30, so that nobody falls asleep. Usage: ghost.php NAME FILE SOURCE
 */
require __DIR__ . '/../classic/agent.php';
require __DIR__ . '/journal.php';

[, $name, $file, $source] = $argv;
$agent = new ClassicAgent($name);
$agent->acquireLock('journal', ttl: 1);
$edited = withNote(file_get_contents($file), noteAbout($source, $name));
file_put_contents("$file.$name.draft", substr($edited, 0, intdiv(strlen($edited), 2)));
echo "holds the lock, and half of its draft is written\n";
fgets(STDIN); // until it is killed
