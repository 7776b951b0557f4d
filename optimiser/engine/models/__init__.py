r"""State the models in PuLP, one function for each family of rows.

The problem is the network design covering problem of Bucarey, Fortz, González-Blanco, Labbé and Mesa
(Computers & Operations Research 2022, arXiv 2007.06647), with an existing network, side constraints, rings
and periods. In one piece, with the names of the sections below:

```math
\begin{align*}
\max\;&\sum_t h_t\Bigl(\sum_k w_k y_{kt}+\sum_i v_i z_{it}+\sum_\rho b_\rho r_{\rho t}\Bigr)\\
&\sum_j c_j\sum_{u\le t}x_{ju}\le\sum_{u\le t}B_u,\quad\sum_t x_{jt}=x_j,\quad o_{jt}=\sum_{u+l_j\le t}x_{ju}
&&\text{money, starts, opening}\\
&y_{kt}=1\Rightarrow\operatorname{time}_k(o_t)\le T_k&&\text{covered pairs}\\
&n_i z_{it}\le\sum_{k\in K_i}y_{kt},\quad\sum_{k\in K_g}w_k y_k\ge L_g&&\text{cities, targets}\\
&\sum_{j\in J_q}c_j x_j\le M_q,\quad\sum_j u_{qj}x_j\le M_q&&\text{caps, capacities}\\
&x_a+x_b\le1,\quad x_a\le x_b&&\text{excludes, requires}\\
&\sum_{\delta^-(v)}f-\sum_{\delta^+(v)}f=0,\quad\sum_{\delta^-(v)}f\le r,\quad f_a^++f_a^-\le x_{j(a)}
&&\text{circuit of each ring}\\
&\sum_a w_{as}(f_a^+-f_a^-)=r-2q_s,\quad\sum_i n_i\ge Lr,\quad\sum_a l_a(f_a^++f_a^-)\le Dr
&&\text{rounds, stops, length}\\
&r_{\rho t}\le r_\rho,\quad r_{\rho t}\le1-f_a^+-f_a^-+o_{j(a)t}&&\text{rewards in time}\\
&x,z,f^+,f^-,q,r\in\{0,1\},\quad y,o,n,r_{\rho t}\in[0,1]
\end{align*}
```

Without a budget the cost is minimised, with y = 1 for all that can be covered. Pairs in steps (limit later,
part of the weight) and independent pairs (a second network without the core, limit a stretch of today's
time) are further pairs k; [trips](rings.md#value-of-a-ring) give b. The variants differ in how they say that
a pair is covered:

```math
\begin{align*}
\texttt{compact}:\;&\sum_{\delta^+(v)}f_{ka}-\sum_{\delta^-(v)}f_{ka}=[v=o_k]\,y_k,\quad
\sum_a t_a f_{ka}\le T_k y_k,\quad f_{ka}\le x_{j(a)}\\
\texttt{cuts}:\;&\sum_{j\in C}x_j\ge y_k\quad\text{for each }C\text{ without which }k\text{ is not covered}\\
\texttt{paths}:\;&\sum_{p\in P_k}f_p\ge y_k,\quad\sum_{p\in P_k,\,p\ni j}f_p\le x_j
\quad\text{for the paths }P_k\text{ within }T_k\\
\texttt{benders}:\;&\sum_j\pi_j x_j\ge(\alpha-\tau)\,y_k\quad\text{for all }\pi,\tau\ge0,\;\alpha
\text{ the cheapest path at }\pi_{j(a)}+\tau t_a/T_k
\end{align*}
```

`cuts-loop` uses the model of `cuts`, `benders-normal` that of `benders`; the code of `paths` is in
`optimiser/engine/methods/column_generation.py`, of `benders` in `optimiser/engine/methods/benders.py`.
Heuristics use no model. Models are stated for the reduced problem (`optimiser/engine/presolve`), with rings
or periods for the original one. Names in LP files: `x` candidates, `y` pairs, `z` cities, `f` flows, each
numbered from 1 in canonical order (sorted by id).
"""
