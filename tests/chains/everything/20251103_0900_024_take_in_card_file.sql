-- Take in the card file of the old branch, as it was written thirty years ago.
-- @revises 023
--
-- What SQLite has to accept for ever: names in the quotes of strings and strings in the quotes of names, a default that
-- is a bare word, constraints without a comma between them, and names of constraints that are none.

-- @upgrade
create table "cards"(
  no integer primary key desc,              -- with DESC it is no alias of the rowid
  drawer varying character(10) default A,   -- the text 'A'
  kind default 'main' check(kind in('main','added','see also')),
  heading text null constraint 'never finished',
  subheading text not null default '' collate rtrim check(subheading<>'none') constraint twice unique,
  see_also int constraint first constraint second references cards(no) match full on update no action not deferrable,
  "typed at" /* no type */ default current_time,
  "weight in grams" double precision default -.5e+2,
  unique(kind, heading)on conflict ignore check(no>0)
  constraint pair check((drawer, kind)<>('Z', 'main')) on conflict fail
  constraint none
);
create index 'cards by heading' on cards(heading collate 'nocase', "drawer") where kind != 'see also';
create view card_kinds as
  select distinct cards.kind as kind, 'no such column' as remark, 'it''s' 'text as a name' from cards where "drawer" == 'A';
create trigger cards_are_complete before insert on cards for each row when new.heading is null or new.heading == ''
begin
  select raise(ignore);
end;

insert into cards(no,kind,heading,subheading,see_also)
  select 1,'main','Salt','',null union all select 2,'added','Ledgers','of salt',1 union all select 3,'main',null,'lost',1;

-- The text on the cards, with the search of before.
CREATE VIRTUAL TABLE card_text USING fts4(
    heading, body, notindexed=heading, tokenize=unicode61 "remove_diacritics=1", order=desc, prefix="2,3"
);
CREATE VIRTUAL TABLE card_backs USING fts3(body TEXT NOT NULL, tokenize=porter);
CREATE VIRTUAL TABLE card_words USING fts4aux(card_text);
INSERT INTO card_text (docid, heading, body) SELECT no, heading, 'see ' || subheading FROM cards;
INSERT INTO card_backs (body) VALUES ('Left blank, mostly.');
INSERT INTO card_text (card_text) VALUES ('optimize');

-- @downgrade
DROP TABLE card_words;
DROP TABLE card_backs;
DROP TABLE card_text;
DROP VIEW card_kinds;
DROP TABLE cards;
