<?php
/**
 * Adds a note about each of some source files to the file: under the lock it reads all of it, writes a draft beside it and puts that in its
 * place. Usage: editor.php NAME FILE SOURCE...
 */
require __DIR__ . '/../classic/agent.php';
require __DIR__ . '/journal.php';

[, $name, $file] = $argv;
$agent = new ClassicAgent($name);
foreach (array_slice($argv, 3) as $source) {
    $note = noteAbout($source, $name); // what needs no lock is done without
    $lock = $agent->acquireLock('journal');
    $draft = "$file.$name.draft";
    file_put_contents($draft, withNote(file_get_contents($file), $note));
    rename($draft, $file); // in one step: nobody ever reads half a file
    $agent->releaseLock('journal', $lock);
    echo "wrote about $source\n";
    usleep(300_000); // the classic lock has no line: who does not step back has it again before anybody else has looked
}
