"""General English that a question and a text may put differently. Nothing here knows any library's subject."""

# Words that say little about what a question is after: they count, but far less than a subject's own words.
LIGHT = """
able accord achieve act actual add advice advise affect ago aim allow already altogether amount answer anyway appear
apply approach appropriate area arrive ask aspect available avoid away back bad based basic basically become begin
believe best better big bit bring bunch call care case cause certain certainly chance change choose clear close come
common commonly complete concern consider contain continue correct correctly cover create current currently day deal
decide describe detail determine different difference difficult directly early easily easy effect end enough ensure
entire especially exact exactly example except exist expect explain fact fail far fast feel figure fill find fine
first fit fix follow form full gain general generally get give go goal good great guide guideline hand handle happen
hard head hear help high hold hope hour huge idea imagine important improve include individual information inside
interested involve issue item job keep kind know large last late later lead learn leave left less let level life
likely line little live long look lose lot low main mainly make making manage manner matter maximum mean meant mention
mind minimum minute moment month move multiple name near necessary need never new next nice normal normally note number
occur offer often old open option order original part particular particularly pass people period person piece place
plan play plenty plus point possible possibly practice prefer present pretty prevent probably problem process proper
properly provide purpose put quick quickly reach read ready real reason recommend recommendation refer regard regular
related relate relevant remain remember require requirement rest result right rule run safe say see seem select sense
set several short show shown side similar simple simply single situation size slightly small soon sort speak special
specific spend stand standard start state stay step stop story stuff style suggest suggestion suit suitable support
suppose sure system take talk tell term thing think thought time tip today together tomorrow top topic total treat
tried true try turn two type typical typically understand unlike use used useful user usual usually value various want
watch way week whole wide wish word work working world worry worth write wrong year yesterday
"""

# A line a family: words that ask for, or tell of, much the same.
FAMILIES = """
set setup install installation configure configuration config initialize
setting option configuration parameter preference configure customize
start begin launch run startup beginning commence boot
stop end halt quit terminate cease shutdown
stop prevent avoid disable block
delete remove erase discard uninstall drop clear deletion removal
add create insert include new append addition
create make build generate produce write creation
change modify edit alter update adjust customize replace switch
update upgrade refresh migrate newer latest
error failure problem issue fail bug wrong fault crash broken
fix solve repair resolve troubleshoot correct debug solution workaround
cost price fee charge pay expense rate expensive
pay payment salary wage compensation paid earn money
buy purchase order acquire bought buying
sell sale sold selling
money fund cash budget dollar financial
get obtain receive fetch retrieve acquire download
send submit deliver post transmit email mail
show display view see list print visible appear
hide hidden invisible conceal
find search locate look discover lookup
choose select pick decide choice selection option
decide decision choose determine
allow permit enable let permission authorize
forbid ban disallow prohibit deny restrict block
enable activate on turn allow
disable deactivate off turn
permission access right privilege authorization role
login signin log sign authenticate authentication credential account
logout signout
password credential secret passphrase login
user member account person people
people person employee staff team member
boss manager supervisor lead leader
worker employee staff colleague coworker teammate
hire recruit onboard hiring recruitment join
join onboard begin become enroll register
quit leave resign departure exit offboard
leave vacation holiday absence pto off
holiday vacation leave break
sick ill illness medical unwell health
doctor medical health physician
baby child parental birth newborn parent maternity paternity
kid child children family
meeting meet call appointment session
talk speak discuss conversation chat communicate contact
tell inform notify report announce
notify notification alert warn inform message
ask request question inquire
answer reply respond response
contact reach email phone call
help support assistance assist aid
explain describe explanation description define definition meaning
meaning definition mean define
guide tutorial manual instruction howto documentation
document documentation file doc
file document attachment
folder directory path
picture image photo screenshot figure
movie video clip film
save store keep preserve backup storage
keep retain store preserve maintain hold
backup copy restore recover archive snapshot
restore recover recovery undo revert
undo revert rollback restore
copy duplicate clone
move transfer relocate migrate migration
import load upload migrate
export download output
upload attach import
connect link join connection attach integrate
link url hyperlink address connect
website site web webpage page
address url location
share publish distribute collaborate
publish release deploy post
deploy deployment host production hosting
test check verify try validate testing
check verify inspect examine review confirm validate
review examine evaluate assess feedback
measure metric evaluate assess performance
compare comparison versus difference
difference compare differ distinction
limit maximum restrict cap restriction threshold bound
maximum max limit most highest
minimum min least lowest
increase raise grow boost more
decrease reduce lower lessen fewer cut
reduce minimize lower decrease
quick fast speed rapid quickly
speed performance fast slow faster
slow delay lag performance latency
wait delay pause timeout
timeout wait expire
long duration length time
often frequency interval frequently regularly
interval frequency period every
daily everyday day
schedule timetable plan calendar automatic recurring
automatic automatically auto automate
manual manually hand
repeat recurring loop retry
retry repeat again attempt
try attempt retry
big large size huge
small tiny little
size dimension big large
kind type sort category
category group type class label
label tag category
tag label keyword
shortcut hotkey key keyboard
keyboard key shortcut
screen display monitor window
window pane screen
color colour theme appearance
look appearance theme style design
theme style appearance template
font typeface text
language translation locale translate
translate translation language
private privacy secret confidential personal hidden
secure security safe protect protection
protect security safeguard encrypt
safe safety secure
risk danger hazard risky
dangerous danger risk unsafe
loss lose losing lost
profit gain earning return
rule policy regulation guideline law
policy rule guideline
law legal regulation
allow eligible permit
need require requirement necessary must
requirement prerequisite need require
recommend suggest advise recommendation suggestion best
idea suggestion proposal
goal objective aim purpose target
purpose reason why goal
reason cause why because
cause reason result
result outcome output
benefit advantage perk
advantage benefit pro
disadvantage drawback con downside
work job employment
job position role career
home remote house
remote home telework wfh
office building workplace workspace
travel trip journey flight
trip travel journey
car vehicle drive driving
hotel lodging accommodation
food meal eat
eat food meal consume
drink beverage
computer laptop machine pc device
laptop computer device
phone mobile smartphone cellphone android iphone
mobile phone smartphone
equipment device hardware tool
tool software app application
app application program software
program software application
package library module dependency
plugin extension addon
extension plugin addon
version release
code program script source
script program
command cli terminal
terminal console shell command
run execute start launch
execute run
database db storage
server host
internet online network web
offline disconnected
network connection internet
proxy gateway
request query call
header metadata
data information record
info information
statistic stats metric
graph chart plot
chart graph plot diagram
draw sketch canvas
table grid spreadsheet
list bullet enumerate
text word content
note notes memo
heading title header
title name heading
name title rename
write author compose
writer author
read reading
learn study teach training education
training course class learn education workshop
teach train learn
school education training
new beginner newcomer newbie
beginner newcomer starter
expert advanced experienced
simple easy basic
hard difficult complex complicated
important essential critical crucial
normal default usual standard
default standard initial
custom customize personalize
example sample demo
sample example
empty blank none
full complete whole entire
part section component piece
section part chapter
combine merge join mix
merge combine
mix stir blend combine
split divide separate
separate split divide
cut chop slice
order sort sequence arrange
sort order arrange
filter narrow exclude
exclude ignore skip omit
ignore skip exclude
skip ignore omit
count number total amount
number amount count quantity
amount quantity number
total sum overall
average mean
percent percentage ratio
calculate compute calculation
round rounding
temperature heat degree
hot heat warm
cook bake boil prepare
cold cool chill
freeze freezer frozen
open access
close shut exit
lock secure
unlock open
hear listen audio sound
sound audio noise
record log recording
log logging record
history log past previous
previous past earlier prior
event activity
party celebration event
gift present
award bonus reward recognition
bonus reward incentive
raise promotion increase
promotion promote raise advancement
fire dismiss terminate layoff
complain complaint grievance report
harassment discrimination bullying
conflict dispute disagreement
agree agreement consent
agreement contract
contract agreement
approve approval permission authorize
approval approve authorization sign
register registration signup enroll
subscribe subscription
cancel abort unsubscribe
refund reimburse reimbursement repay
reimburse expense refund claim
tax taxes
insurance coverage
retire retirement pension
invest investment
bank account
trade trading
market exchange
exchange swap
own ownership owner
belong own
team group crew
group team
company organization business firm
organization company agency
customer client buyer
client customer
partner partnership
government federal state
vote election
time hour date
date day time
year annual yearly
month monthly
week weekly
morning am
night evening overnight
early soon
late delay overdue
deadline due
finish complete end done
complete finish
success successful succeed
happen occur
problem trouble difficulty
stuck freeze hang
break crash broken
strange weird unexpected
wrong incorrect invalid error
correct right valid
valid validate
true correct
missing lost absent
lost missing lose
empty missing
space room disk
memory ram
environment env
variable var parameter
argument parameter flag
authenticate authentication auth
admin administrator
repository repo
information info detail
detail information
summary overview
overview introduction summary
introduction intro
symbol icon
icon logo symbol
button click
click press tap
press push click
mouse cursor pointer
drag move
scroll navigate
navigate navigation menu
menu navigation
sidebar panel
tab window pane
favorite bookmark star
bookmark favorite
reminder remind
remember remind memorize
forget forgot lost
monitor track watch observe
track monitor follow
follow track subscribe
watch monitor
inspect examine
sync synchronize
synchronize sync
parallel concurrent simultaneous
simultaneous concurrent multiple
asynchronous async
several multiple many
multiple several many
single one individual
alone solo single
""".strip().splitlines()
