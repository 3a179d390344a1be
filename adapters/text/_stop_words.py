"""English function words, as they stand after case folding with apostrophes dropped."""

STOP_WORDS = frozenset(
    """
    a about above after again against all also although am among an and another any anybody anyhow anyone
    anything are arent as at be because been before being below between both but by can cannot cant could
    couldnt did didnt do does doesnt doing done dont down during each either else etc ever every everybody
    everyone everything few for from further had hadnt has hasnt have havent having he her here hers herself hes
    him himself his how however i if im in instead into is isnt it itll its itself ive just lets like many may
    maybe me might mine more most much must mustnt my myself neither no nobody none nor not now of off oh ok okay on
    once one ones only onto or other others ought our ours ourselves out over own per perhaps please quite
    rather really same shall she shes should shouldnt since so some somebody somehow someone something somewhere
    still such than thank thanks that thats the their theirs them themselves then there theres these they theyll
    theyre theyve this those though through thus to too toward towards under unless until up upon us very via
    was wasnt we were werent weve what whatever whats when whenever where whereas wherever whether which
    whichever while who whoever whom whose why will with within without wont would wouldnt yes yet you youll
    your youre yours yourself yourselves youve
    """.split()  # noqa: SIM905 (a list of words is read as words)
)
